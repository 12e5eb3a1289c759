/**
 * `hash:…`: requests with the same key go to the same place of a service, on every router, and when a place comes or goes only
 * its own keys move (highest random weight). Load is bounded: a place that has 1.25 times its fair part of this router's
 * requests under way passes the next on to the key's second place (Mirrokni, Thorup, Zadimoghaddam: arXiv 1608.01350). After a failed try
 * another node counts for more than that bound.
 */
import type { Endpoint } from "../proxy/Endpoint.ts"
import { scoreOf } from "./Hashing.ts"
import type { Pool } from "./Pool.ts"
import { rankAfter } from "./Tried.ts"

export const loadBound = 1.25

/** Requests under way that one of `places` may have when one more comes to the `outstanding` there are. */
export const capacityOf = (outstanding: number, places: number): number =>
  Math.ceil((loadBound * (outstanding + 1)) / places)

export const pickByKey = (pool: Pool, tried: ReadonlyArray<Endpoint>, now: number, key: number): Endpoint | null => {
  const { ready } = pool
  let places = 0
  let outstanding = 0
  for (const endpoint of ready) {
    if (!endpoint.admits(now)) continue
    places++
    outstanding += endpoint.outstanding
  }
  if (places === 0) return null
  const capacity = capacityOf(outstanding, places)
  let best: Endpoint | null = null
  let bestRank = 0
  let bestScore = 0
  for (const endpoint of ready) {
    if (!endpoint.admits(now) || (tried.length === 0 && endpoint.outstanding >= capacity)) continue
    const rank = tried.length === 0 ? 0 : rankAfter(endpoint, tried)
    const score = scoreOf(key, endpoint.seed)
    const isBetter =
      best === null ||
      rank < bestRank ||
      (rank === bestRank && (score > bestScore || (score === bestScore && endpoint.task > best.task)))
    if (!isBetter) continue
    best = endpoint
    bestRank = rank
    bestScore = score
  }
  return best
}
