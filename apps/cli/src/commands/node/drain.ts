/** `evenkeel node drain`: takes all tasks off a node. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Parameter from "../../grammar/Parameter.ts"
import * as Leaf from "../../Leaf.ts"
import { emptying } from "./OutOfService.ts"

export const options = () => ({
  node: CommonOptions.node(),
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
