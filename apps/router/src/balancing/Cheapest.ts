/**
 * `ewma`: the endpoint where a request is expected to cost least, by peak-EWMA latency × (requests under way + 1), a new task's
 * cost raised while it is cold and the own node's divided by `spill`. Of three or fewer all are compared, of more two drawn at
 * random and one of the own node (power of two choices): comparing all would send every router to the same one.
 */
import type { Endpoint } from "../proxy/Endpoint.ts"
import type { Pool } from "./Pool.ts"
import { rankAfter } from "./Tried.ts"

const scanUpTo = 3

/** `spill`: how many times dearer than another the own node may be and still be preferred. */
export const pickCheapest = (
  pool: Pool,
  tried: ReadonlyArray<Endpoint>,
  now: number,
  random: () => number,
  spill: number
): Endpoint | null => {
  const { ready } = pool
  if (ready.length === 1) {
    const only = ready[0]
    return only !== undefined && only.admits(now) ? only : null
  }
  if (ready.length > scanUpTo && tried.length === 0) {
    const drawn = drawTwo(pool, now, random, spill)
    if (drawn !== null) return drawn
  }
  let best: Endpoint | null = null
  let bestRank = 0
  let bestCost = Infinity
  const first = ready.length === 0 ? 0 : pool.rotation++ % ready.length
  for (let i = 0; i < ready.length; i++) {
    const endpoint = ready[first + i < ready.length ? first + i : first + i - ready.length]
    if (endpoint === undefined || !endpoint.admits(now)) continue
    const rank = tried.length === 0 ? 0 : rankAfter(endpoint, tried)
    if (best !== null && rank > bestRank) continue
    const cost = endpoint.cost(now, spill)
    if (best === null || rank < bestRank || cost < bestCost) {
      best = endpoint
      bestRank = rank
      bestCost = cost
    }
  }
  return best
}

const drawTwo = (pool: Pool, now: number, random: () => number, spill: number): Endpoint | null => {
  const { ready, local } = pool
  const a = Math.floor(random() * ready.length)
  const b = (a + 1 + Math.floor(random() * (ready.length - 1))) % ready.length
  let best = cheaper(ready[a], ready[b], now, spill)
  if (local.length > 0) best = cheaper(best ?? undefined, local[Math.floor(random() * local.length)], now, spill)
  return best
}

const cheaper = (a: Endpoint | undefined, b: Endpoint | undefined, now: number, spill: number): Endpoint | null => {
  const first = a !== undefined && a.admits(now) ? a : null
  const second = b !== undefined && b.admits(now) ? b : null
  if (first === null || second === null) return first ?? second
  return second.cost(now, spill) < first.cost(now, spill) ? second : first
}
