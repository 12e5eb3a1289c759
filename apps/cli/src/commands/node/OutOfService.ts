/** What commands take that take a node out of service, and back. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Parameter from "../../grammar/Parameter.ts"

/** How tasks leave a node. */
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

/** The same, and its return. */
export const roundTrip = () => ({
  returnTimeout: CommonOptions.duration(
    "return-timeout",
    600_000,
    "How long to wait until the node is ready again. Default: 10m."
  ),
  ...emptying()
})
