/**
 * `evenkeel.weight`: which of several services gets a request, each its share of those that can take one. A service without
 * an endpoint that admits requests leaves its share to the others.
 */
import type { Share } from "./Pool.ts"

/** `at` in [0, 1): where in the line of all shares. */
export const drawShare = (shares: ReadonlyArray<Share>, now: number, at: number): Share | null => {
  let total = 0
  for (const share of shares) if (canTake(share, now)) total += share.weight
  let left = at * total
  let last: Share | null = null
  for (const share of shares) {
    if (!canTake(share, now)) continue
    last = share
    left -= share.weight
    if (left < 0) return share
  }
  return last
}

const canTake = (share: Share, now: number): boolean => {
  for (const endpoint of share.ready) if (endpoint.admits(now)) return true
  return false
}
