/** After a failed try another node is preferred, then another endpoint of a node that failed, then even the same endpoint. */
import type { Endpoint } from "../proxy/Endpoint.ts"

/** 0 on another node, 1 another endpoint of a node that failed, 2 an endpoint that failed. */
export const rankAfter = (endpoint: Endpoint, tried: ReadonlyArray<Endpoint>): number => {
  let rank = 0
  for (const other of tried) {
    if (other === endpoint) return 2
    if (other.node === endpoint.node) rank = 1
  }
  return rank
}
