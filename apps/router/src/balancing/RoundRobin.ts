/**
 * `round-robin`: one endpoint after the other, whatever they cost; a cold task is passed over as often as its missing warmth
 * says. After a failed try the next on another node.
 */
import type { Endpoint } from "../proxy/Endpoint.ts"
import type { Pool } from "./Pool.ts"
import { rankAfter } from "./Tried.ts"

export const pickNext = (
  pool: Pool,
  tried: ReadonlyArray<Endpoint>,
  now: number,
  random: () => number
): Endpoint | null => {
  const { ready } = pool
  if (ready.length === 0) return null
  const first = pool.rotation % ready.length
  let best = -1
  let bestRank = Infinity
  for (let i = 0; i < ready.length; i++) {
    const endpoint = ready[(first + i) % ready.length]
    if (endpoint === undefined || !endpoint.admits(now)) continue
    const rank = rankAfter(endpoint, tried)
    const warmth = endpoint.warmth(now)
    const passedOver = warmth < 1 && random() >= warmth
    // One that is passed over is still better than one that has just failed, and than none.
    const order = passedOver ? rank + 0.5 : rank
    if (order >= bestRank) continue
    best = i
    bestRank = order
    if (order === 0) break
  }
  if (best === -1) return null
  pool.rotation = (first + best + 1) % ready.length
  return ready[(first + best) % ready.length] ?? null
}
