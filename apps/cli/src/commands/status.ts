/** `evenkeel status`: where tasks are, how even that is, what is wrong. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import { lazily } from "../Lazily.ts"

export const options = {
  watch: Options.boolean("watch", { aliases: ["w"] }).pipe(
    Options.withDescription("Read again every second until Ctrl-C. On a terminal the screen is redrawn.")
  ),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about = "Shows nodes, services and where their tasks are, how even that is, and what is wrong."

export const command = Command.make(
  "status",
  options,
  lazily(() => import("../actions/Status.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel status", "everything at a glance"],
      ["evenkeel status --watch", "the same, again every second"],
      ["evenkeel status --format json", "for programs"]
    ])
  )
)
