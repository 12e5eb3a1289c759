/** `evenkeel service rollback`: goes back to the spec that a user had before, also where a move has come in between. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Parameter from "../../grammar/Parameter.ts"
import * as Leaf from "../../Leaf.ts"

export const options = () => ({
  service: Parameter.argument("service", "Name or id."),
  yes: CommonOptions.yes(),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["service", "rollback"],
  about:
    "Goes back to the service's previous spec, also after moves, when docker service rollback would change nothing.",
  examples: [
    ["evenkeel service rollback p2p_vvm1", "shows what changes, asks, goes back"],
    ["evenkeel service rollback p2p_vvm1 --yes", "without being asked"]
  ],
  options,
  load: () => import("../../actions/ServiceRollback.ts")
})
