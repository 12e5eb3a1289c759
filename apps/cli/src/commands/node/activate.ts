/** `evenkeel node activate`: lets a node take tasks again. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"

export const options = {
  node: Args.text({ name: "node" }).pipe(Args.withDescription("Hostname or id.")),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about = "Lets a drained or paused node take tasks again."

export const command = Command.make(
  "activate",
  options,
  lazily(() => import("../../actions/NodeActivate.ts"))
).pipe(Command.withDescription(describe(about, [["evenkeel node activate n3", "back in service"]])))
