/** What a plan was made from, and whether that still stands: every service and node that it went by has its version still. Pure. */
import type { Plan } from "./Plan.ts"
import type { Snapshot } from "./Snapshot.ts"

/** The first thing that is not as it was when the plan was made, as a clause; null when all is. */
export const firstPassed = ({ basedOn, moves }: Pick<Plan, "basedOn" | "moves">, snapshot: Snapshot): string | null => {
  for (const { service, version } of basedOn.services) {
    const found = snapshot.service(service)
    const name = moves.find((move) => move.service === service)?.serviceName ?? service
    if (found === undefined) return `service ${name} is gone`
    if (found.version !== version) return `service ${found.name} was changed since`
  }
  for (const { node, version } of basedOn.nodes) {
    const found = snapshot.node(node)
    if (found === undefined) return `node ${node} is gone`
    if (found.version !== version) return `node ${found.hostname} was changed since`
  }
  return null
}
