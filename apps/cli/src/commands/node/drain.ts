/** `evenkeel node drain`: takes all tasks off a node. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"

export const options = {
  node: Args.text({ name: "node" }).pipe(Args.withDescription("Hostname or id.")),
  yes: CommonOptions.yes,
  detach: Options.boolean("detach", { aliases: ["d"] }).pipe(
    Options.withDescription("Do not wait until the node is empty.")
  ),
  timeout: CommonOptions.duration("timeout", 300_000, "How long to wait until the node is empty. Default: 5m."),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Takes all tasks off a node. Swarm stops them at once and starts them elsewhere; the node gets no new ones."

export const command = Command.make(
  "drain",
  options,
  lazily(() => import("../../actions/NodeDrain.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel node drain n3", "says what that stops, asks, and waits until n3 is empty"],
      ["evenkeel node drain n3 --yes --detach", "neither asks nor waits"]
    ])
  )
)
