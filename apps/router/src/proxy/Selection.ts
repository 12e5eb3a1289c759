/**
 * Which endpoint a request goes to: of three or fewer the cheapest, of more the cheaper of two drawn at random (and of one
 * on the own node, if there is any). After a failed try another node is preferred, then another endpoint. Endpoints that are
 * out take part only as probes. Decides nothing about waiting or refusing.
 */
import type { Endpoint } from "./Endpoint.ts"
import type { Target } from "./Target.ts"

const scanUpTo = 3

/** The endpoint to use, or null when none admits requests. `tried`: endpoints at which this request has failed. */
export const choose = (
  target: Target,
  tried: ReadonlyArray<Endpoint>,
  now: number,
  random: () => number
): Endpoint | null => {
  const { ready } = target
  if (ready.length > scanUpTo && tried.length === 0) {
    const drawn = drawTwo(target, now, random)
    if (drawn !== null) return drawn
  }
  let best: Endpoint | null = null
  let bestRank = 0
  let bestCost = Infinity
  const first = ready.length > 1 ? target.rotation++ % ready.length : 0
  for (let i = 0; i < ready.length; i++) {
    const endpoint = ready[first + i < ready.length ? first + i : first + i - ready.length]
    if (endpoint === undefined || !endpoint.admits(now)) continue
    const rank = tried.length === 0 ? 0 : rankAfter(endpoint, tried)
    if (best !== null && rank > bestRank) continue
    const cost = endpoint.cost(now)
    if (best === null || rank < bestRank || cost < bestCost) {
      best = endpoint
      bestRank = rank
      bestCost = cost
    }
  }
  return best
}

/** 0 on another node, 1 another endpoint of a node that failed, 2 an endpoint that failed. */
const rankAfter = (endpoint: Endpoint, tried: ReadonlyArray<Endpoint>): number => {
  let rank = 0
  for (const other of tried) {
    if (other === endpoint) return 2
    if (other.node === endpoint.node) rank = 1
  }
  return rank
}

const drawTwo = (target: Target, now: number, random: () => number): Endpoint | null => {
  const { ready, local } = target
  const a = Math.floor(random() * ready.length)
  const b = (a + 1 + Math.floor(random() * (ready.length - 1))) % ready.length
  let best = cheaper(ready[a], ready[b], now)
  if (local.length > 0) best = cheaper(best ?? undefined, local[Math.floor(random() * local.length)], now)
  return best
}

const cheaper = (a: Endpoint | undefined, b: Endpoint | undefined, now: number): Endpoint | null => {
  const first = a !== undefined && a.admits(now) ? a : null
  const second = b !== undefined && b.admits(now) ? b : null
  if (first === null || second === null) return first ?? second
  return second.cost(now) < first.cost(now) ? second : first
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
