/**
 * Which endpoint a request goes to: the one its cookie names, else one by its target's policy (`balancing/`), within the
 * service whose share it falls into. Endpoints that are out take part only as probes. Decides nothing about waiting or
 * refusing.
 */
import { type Affinity, noKey } from "../balancing/Affinity.ts"
import { pickCheapest } from "../balancing/Cheapest.ts"
import { pickFewest } from "../balancing/FewestOutstanding.ts"
import { fractionOf } from "../balancing/Hashing.ts"
import type { Pool } from "../balancing/Pool.ts"
import { pickByKey } from "../balancing/Rendezvous.ts"
import { pickNext } from "../balancing/RoundRobin.ts"
import { drawShare } from "../balancing/WeightedSplit.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Target } from "./Target.ts"

/** How many times dearer than another the own node may be and still be preferred. */
export const spill = 2

/**
 * The endpoint to use, or null when none admits requests. `tried`: endpoints at which this request has failed; it then goes
 * to another node, then another endpoint, whatever the shares say.
 */
export const choose = (
  target: Target,
  tried: ReadonlyArray<Endpoint>,
  now: number,
  random: () => number,
  affinity: Affinity
): Endpoint | null => {
  if (target.policy.kind === "sticky") {
    const { endpoint } = affinity
    if (endpoint !== null && endpoint.admits(now) && !tried.includes(endpoint)) return endpoint
  }
  const chosen = byPolicy(target, tried, now, random, affinity)
  return chosen ?? inNeed(target, now)
}

const byPolicy = (
  target: Target,
  tried: ReadonlyArray<Endpoint>,
  now: number,
  random: () => number,
  affinity: Affinity
): Endpoint | null => {
  const { policy, shares } = target
  let pool: Pool = target
  if (shares !== null && tried.length === 0) {
    const keyed = policy.kind === "hash" && affinity.key !== noKey
    const share = drawShare(shares, now, keyed ? fractionOf(affinity.key) : random())
    if (share === null) return null
    pool = share
  }
  switch (policy.kind) {
    case "least":
      return pickFewest(pool, tried, now)
    case "round-robin":
      return pickNext(pool, tried, now, random)
    case "hash":
      if (affinity.key !== noKey) return pickByKey(pool, tried, now, affinity.key)
  }
  return pickCheapest(pool, tried, now, random, spill)
}

/** Better a task that fails its checks, or has asked for a pause, than none. */
const inNeed = (target: Target, now: number): Endpoint | null => {
  let best: Endpoint | null = null
  for (const endpoint of target.ready) {
    if (!endpoint.admitsInNeed(now)) continue
    if (best === null || endpoint.cost(now, 1) < best.cost(now, 1)) best = endpoint
  }
  return best
}

/**
 * When no endpoint admits requests: the one to try all the same, at most one request at a time and `paceMs` apart, so that
 * the first to come back is noticed. An endpoint on a node not suspect goes first. With `paceMs` 0, the one to fail at.
 */
export const chooseProbe = (target: Target, now: number, paceMs: number): Endpoint | null => {
  let best: Endpoint | null = null
  for (const endpoint of target.ready) {
    if (endpoint.state !== "ready") continue
    if (paceMs > 0 && (endpoint.backoff.probing || now - endpoint.backoff.lastProbeAt < paceMs)) continue
    if (best === null || probeOrder(endpoint, best) < 0) best = endpoint
  }
  return best
}

const probeOrder = (a: Endpoint, b: Endpoint): number =>
  Number(a.node.isSuspect()) - Number(b.node.isSuspect()) || a.backoff.lastProbeAt - b.backoff.lastProbeAt
