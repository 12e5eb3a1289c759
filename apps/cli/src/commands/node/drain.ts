/** `evenkeel node drain`: takes all tasks off a node. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"

/** How tasks leave a node; `node maintain` takes the same. */
export const emptying = {
  forceRest: Options.boolean("force-rest").pipe(
    Options.withDescription("Go on although some tasks cannot be moved: Swarm's drain then stops those.")
  ),
  keepGoing: Options.boolean("keep-going").pipe(
    Options.withDescription("When a service does not get off the node, go on with the others, and drain.")
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
}

export const options = {
  node: Args.text({ name: "node" }).pipe(Args.withDescription("Hostname or id.")),
  yes: CommonOptions.yes,
  now: Options.boolean("now").pipe(
    Options.withDescription("Swarm's own way: stop all its tasks at once and start them elsewhere.")
  ),
  ...emptying,
  detach: Options.boolean("detach", { aliases: ["d"] }).pipe(
    Options.withDescription("Once it is drained, do not wait until the node is empty.")
  ),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Moves the tasks off a node, each after its successor serves elsewhere, and drains it: it gets no new ones."

export const command = Command.make(
  "drain",
  options,
  lazily(() => import("../../actions/NodeDrain.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel node drain n3", "says what leaves, asks, moves it service by service, and drains n3"],
      ["evenkeel node drain n3 --yes --force-rest", "without being asked; what cannot be moved is stopped at the end"],
      ["evenkeel node drain n3 --now", "Swarm's own way: all its tasks stop at once"]
    ])
  )
)
