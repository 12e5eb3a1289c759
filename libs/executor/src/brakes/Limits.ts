/** How many moves one service and one node have to bear in an hour. */
import type { Brake, Engaged } from "./Brake.ts"
import * as OpenMoves from "./OpenMoves.ts"
import { hourMillis } from "./Pacing.ts"
import * as TokenBucket from "./TokenBucket.ts"

export const perService: Brake = {
  name: "service-limit",
  decides: "whether a service has been moved often enough",
  settings: ["movesPerServiceHour"],
  yieldsToApproval: false,
  engaged: (input) => {
    const { movesPerServiceHour } = input.state.settings
    const bucket = { capacity: movesPerServiceHour, fillMillis: hourMillis }
    return [...Map.groupBy(OpenMoves.starts(input), ({ service }) => service)].flatMap(
      ([id, starts]): Array<Engaged> => {
        const service = input.snapshot.service(id)
        const taken = starts.map(({ atMillis }) => atMillis)
        const untilMillis = TokenBucket.nextTokenMillis(bucket, taken, input.nowMillis)
        if (service === undefined || untilMillis === null) return []
        const { name } = service
        const reason = `service ${name} has been moved as often as it may be: ${movesPerServiceHour} in an hour`
        return [{ brake: "service-limit", scope: { kind: "service", service: id, name }, reason, untilMillis }]
      }
    )
  }
}

export const perNode: Brake = {
  name: "node-limit",
  decides: "whether a node has been given and relieved of tasks often enough",
  settings: ["movesPerNodeHour"],
  yieldsToApproval: false,
  engaged: (input) => {
    const { movesPerNodeHour } = input.state.settings
    const bucket = { capacity: movesPerNodeHour, fillMillis: hourMillis }
    const starts = OpenMoves.starts(input)
    return input.snapshot.nodes.flatMap(({ hostname, id }): Array<Engaged> => {
      const taken = starts.flatMap(({ atMillis, nodes }) => (nodes.includes(id) ? [atMillis] : []))
      if (taken.length < movesPerNodeHour) return []
      const untilMillis = TokenBucket.nextTokenMillis(bucket, taken, input.nowMillis)
      if (untilMillis === null) return []
      const reason = `node ${hostname} has been part of as many moves as it may be: ${movesPerNodeHour} in an hour`
      return [{ brake: "node-limit", scope: { kind: "node", node: id, name: hostname }, reason, untilMillis }]
    })
  }
}
