/** `evenkeel resume`: ends a pause. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import { lazily } from "../Lazily.ts"

export const options = {
  service: Args.text({ name: "service" }).pipe(
    Args.withDescription("Name or id. Default: the pause of all services; those of single services stay."),
    Args.optional
  ),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about = "Ends the pause of all services, or of one."

export const command = Command.make(
  "resume",
  options,
  lazily(() => import("../actions/Resume.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel resume", "moves may begin again"],
      ["evenkeel resume p2p_web", "of this service too"]
    ])
  )
)
