/**
 * What becomes of a request whose connection failed it: another try, elsewhere or on a fresh connection, a wait, or an error;
 * and what the failure means for the endpoint. What may be sent again is decided by RetryPolicy.
 */
import { ejectAfter } from "./Ejection.ts"
import type { Exchange } from "./Exchange.ts"
import { park } from "./Holding.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import { place } from "./Placing.ts"
import { afterFailure } from "./RetryPolicy.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

/** `silence`: the network gave no answer. Reasons by which nothing failed say that the request has to go elsewhere. */
export const failOver = (
  context: ProxyContext,
  exchange: Exchange,
  connection: UpstreamConnection,
  reason: FailureReason,
  silence: boolean
): void => {
  const { deadline, target } = exchange
  const { endpoint, written, reused, connecting } = connection
  const moved = reason === "node-suspect" || reason === "endpoint-gone"
  const wasProbe = connection.probe
  const goesOn = exchange.hedge !== null && exchange.hedge.survives(connection)
  if (goesOn) exchange.tried.push(endpoint)
  else exchange.letGoOf(connection)
  if (!moved && !exchange.responded) {
    if (!connecting && !(reused && reason === "reset")) endpoint.unanswered++
    const eject = connecting || wasProbe || endpoint.unanswered >= context.limits.unansweredToEject
    if (eject || silence) ejectAfter(context, endpoint, { reason, silence, eject })
  }
  if (goesOn || target === null) return
  if (exchange.responded) return exchange.breakOff(reason === "idle-timeout" ? reason : "response-cut")
  const now = context.now()
  // The timer wheel is coarse.
  if (deadline !== null && now >= deadline.at) return deadline.expire()
  const verdict = afterFailure({
    written,
    repeatable: exchange.repeatable,
    moved,
    staleReuse: reused && reason === "reset",
    hasWaited: exchange.heldSince !== 0,
    retriesLeft: exchange.retries < endpoint.service.retries,
    mayWait: target.holdMillis > 0,
    takeFromBudget: () => target.budget.take(now)
  })
  exchange.tried.push(endpoint)
  switch (verdict) {
    case "refuse":
      return exchange.refuse(reason)
    case "wait":
      return park(context, exchange, target, true)
    case "move":
      target.stats.moves++
      break
    case "fresh":
      exchange.freshOnly = true
      target.stats.retries++
      break
    case "retry":
      exchange.retries++
      target.stats.retries++
  }
  place(context, exchange, now, true)
}
