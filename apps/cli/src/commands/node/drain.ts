/** `evenkeel node drain`: takes all tasks off a node. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Parameter from "../../grammar/Parameter.ts"
import * as Leaf from "../../Leaf.ts"

/** How tasks leave a node; `node maintain` takes the same. */
export const emptying = () => ({
  forceRest: Parameter.flag("force-rest", "Go on although some tasks cannot be moved: Swarm's drain then stops those."),
  keepGoing: Parameter.flag(
    "keep-going",
    "When a service does not get off the node, go on with the others, and drain."
  ),
  stability: CommonOptions.duration(
    "stability",
    5_000,
    "How long new tasks must serve before their service counts as moved. Default: 5s."
  ),
  moveDeadline: CommonOptions.duration(
    "move-deadline",
    120_000,
    "For each task: a service that has not left by then is given up. Default: 2m."
  ),
  timeout: CommonOptions.duration(
    "timeout",
    300_000,
    "How long to wait, once it is drained, until the node is empty. Default: 5m."
  )
})

export const options = () => ({
  node: Parameter.argument("node", "Hostname or id."),
  yes: CommonOptions.yes(),
  now: Parameter.flag("now", "Swarm's own way: stop all its tasks at once and start them elsewhere."),
  ...emptying(),
  detach: Parameter.flag("detach", "Once it is drained, do not wait until the node is empty.", "d"),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["node", "drain"],
  about: "Moves the tasks off a node, each after its successor serves elsewhere, and drains it: it gets no new ones.",
  examples: [
    ["evenkeel node drain n3", "says what leaves, asks, moves it service by service, and drains n3"],
    ["evenkeel node drain n3 --yes --force-rest", "without being asked; what cannot be moved is stopped at the end"],
    ["evenkeel node drain n3 --now", "Swarm's own way: all its tasks stop at once"]
  ],
  options,
  load: () => import("../../actions/NodeDrain.ts")
})
