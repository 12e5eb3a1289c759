/**
 * `least`: the endpoint with the fewest of this router's requests under way, counted up while a task is cold. All are compared;
 * the own node has no preference but that ties go round. For requests of very different length, where latency says little.
 */
import type { Endpoint } from "../proxy/Endpoint.ts"
import type { Pool } from "./Pool.ts"
import { rankAfter } from "./Tried.ts"

export const pickFewest = (pool: Pool, tried: ReadonlyArray<Endpoint>, now: number): Endpoint | null => {
  const { ready } = pool
  let best: Endpoint | null = null
  let bestRank = 0
  let bestLoad = Infinity
  const first = ready.length > 1 ? pool.rotation++ % ready.length : 0
  for (let i = 0; i < ready.length; i++) {
    const endpoint = ready[(first + i) % ready.length]
    if (endpoint === undefined || !endpoint.admits(now)) continue
    const rank = tried.length === 0 ? 0 : rankAfter(endpoint, tried)
    const load = (endpoint.outstanding + 1) / endpoint.warmth(now)
    if (best === null || rank < bestRank || (rank === bestRank && load < bestLoad)) {
      best = endpoint
      bestRank = rank
      bestLoad = load
    }
  }
  return best
}
