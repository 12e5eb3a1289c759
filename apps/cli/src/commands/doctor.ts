/** `evenkeel doctor`: what is wrong, and what to do about it. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import { lazily } from "../Lazily.ts"

export const options = {
  api: Options.text("api").pipe(
    Options.withPseudoName("url"),
    Options.withDescription(
      "A rebalancer to ask too, such as http://n1:7070; with EVENKEEL_TOKEN or EVENKEEL_TOKEN_FILE. Default: EVENKEEL_API."
    ),
    Options.optional
  ),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Checks the engine's rights, managers, nodes, labels, routes, routers, versions and policy; each finding with its cure."

export const command = Command.make(
  "doctor",
  options,
  lazily(() => import("../actions/Doctor.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel doctor", "exit code 6 when something is to be mended"],
      ["evenkeel doctor --api http://n1:7070", "also how many routers follow that rebalancer"],
      ["evenkeel doctor --format json", "for programs"]
    ])
  )
)
