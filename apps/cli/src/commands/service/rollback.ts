/** `evenkeel service rollback`: goes back to the spec that a user had before, also where a move has come in between. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"

export const options = {
  service: Args.text({ name: "service" }).pipe(Args.withDescription("Name or id.")),
  yes: CommonOptions.yes,
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Goes back to the service's previous spec, also after moves, when docker service rollback would change nothing."

export const command = Command.make(
  "rollback",
  options,
  lazily(() => import("../../actions/ServiceRollback.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel service rollback p2p_vvm1", "shows what changes, asks, goes back"],
      ["evenkeel service rollback p2p_vvm1 --yes", "without being asked"]
    ])
  )
)
