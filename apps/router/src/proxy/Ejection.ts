/**
 * What follows from an endpoint's failure or answer for the endpoint and its node: out with a back-off, the node suspect,
 * and in again. Requests that have no answer yet leave a place found bad at once instead of each finding out by itself.
 *
 * A connection that cannot be made is a fact: the endpoint goes out however many others are. Requests without an answer,
 * answers of 502, 503 and 504, and failed active checks are guesses: by them no more than half of a service's endpoints go out.
 * Other answers, 500 among them, are the application's own affair and eject nobody.
 */
import type { Endpoint } from "./Endpoint.ts"
import type { NodeHealth } from "./NodeHealth.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

const tasksToSuspect = 2

const isFact = (reason: FailureReason): boolean =>
  reason === "connect" || reason === "connect-timeout" || reason === "upstream-tls"

const isOut = (endpoint: Endpoint): boolean => endpoint.isOut()

/**
 * Whether `endpoint` may go out by a guess: at most half of its service's ready endpoints are out then. `counts`: which of the
 * others are reckoned to be out.
 */
export const mayBeOut = (endpoint: Endpoint, counts: (sibling: Endpoint) => boolean = isOut): boolean => {
  let ready = 0
  let out = 1
  for (const sibling of endpoint.siblings) {
    if (sibling.state !== "ready") continue
    ready++
    if (sibling !== endpoint && counts(sibling)) out++
  }
  return out * 2 <= ready
}

/**
 * `silence`: the network gave no answer, which speaks against the node too. `eject`: whether the endpoint is to stay out
 * for a while; a lone reset of an established connection does not do that.
 */
export const ejectAfter = (
  context: ProxyContext,
  endpoint: Endpoint,
  failure: { readonly reason: FailureReason; readonly silence: boolean; readonly eject: boolean }
): void => {
  const now = context.now()
  const { ejectionBaseMs, ejectionMaxMs, suspicionWindowMs } = context.limits
  const { backoff, node } = endpoint
  const wasOut = backoff.isOut()
  const eject = failure.eject && (wasOut || isFact(failure.reason) || mayBeOut(endpoint))
  if (eject) {
    endpoint.outByStatus = false
    putOut(context, endpoint, failure.reason, ejectionBaseMs, now)
  }
  if (failure.silence) {
    const several = node.noteTimeout(endpoint.task, now, suspicionWindowMs, tasksToSuspect)
    if ((several || node.backoff.isOut()) && now >= node.backoff.until) {
      const before = node.isSuspect()
      node.backoff.fail(now, ejectionBaseMs, ejectionMaxMs, context.random())
      if (!before) suspect(context, node, "timeouts")
    }
  }
  if (eject && !wasOut) {
    endpoint.closeIdle()
    for (const connection of [...endpoint.open]) if (connection.connecting) moveOn(connection, "endpoint-gone")
  }
}

/** Several requests may fail at once: one failure lengthens the back-off once. */
const putOut = (context: ProxyContext, endpoint: Endpoint, cause: string, baseMs: number, now: number): void => {
  const { backoff } = endpoint
  if (now < backoff.until) return
  backoff.fail(now, baseMs, context.limits.ejectionMaxMs, context.random())
  endpoint.unanswered = 0
  endpoint.gatewayErrors = 0
  context.totals.eject(cause)
  context.emit({
    type: "endpoint-ejected",
    service: endpoint.service.name,
    task: endpoint.task,
    node: endpoint.node.id,
    address: `${endpoint.address}:${endpoint.port}`,
    cause,
    forMs: Math.round(backoff.until - now)
  })
}

/** An endpoint answered with `status`: it is in unless that was an error once too often, and its node lives. */
export const noteAnswer = (
  context: ProxyContext,
  connection: UpstreamConnection,
  status: number,
  now: number
): void => {
  const { endpoint } = connection
  endpoint.unanswered = 0
  if (endpoint.node.answered(now)) context.emit({ type: "node-cleared", node: endpoint.node.id })
  if (status >= 502 && status <= 504) {
    if (noteGatewayError(context, endpoint, status, now)) return endpoint.backoff.abandonProbe()
  } else if (endpoint.gatewayErrors !== 0) endpoint.gatewayErrors = 0
  if (endpoint.backoff.isOut() || connection.probe) readmit(context, endpoint)
}

/** In again: a request or an active check was answered well. */
export const readmit = (context: ProxyContext, endpoint: Endpoint): void => {
  endpoint.outByStatus = false
  if (!endpoint.backoff.succeed()) return
  const { task, service, node } = endpoint
  context.emit({ type: "endpoint-readmitted", service: service.name, task, node: node.id })
}

/** Returns whether the endpoint is out by it. */
const noteGatewayError = (context: ProxyContext, endpoint: Endpoint, status: number, now: number): boolean => {
  const { gatewayErrorsToEject, gatewayEjectionBaseMs } = context.limits
  endpoint.gatewayErrors++
  const again = endpoint.outByStatus && endpoint.backoff.isOut()
  if (!again && endpoint.gatewayErrors < gatewayErrorsToEject) return false
  if (!again && !mayBeOut(endpoint)) return false
  endpoint.outByStatus = true
  putOut(context, endpoint, `status-${status}`, gatewayEjectionBaseMs, now)
  return true
}

/**
 * A node has become suspect: its idle connections go, requests without an answer move on, and streams of endpoints that
 * Swarm has given up too are broken off, so that their clients come again. A request that may have been done and may not be
 * sent twice stays where it is, since a suspicion can be wrong: it gets its answer, or fails when Swarm gives the task up too.
 */
export const suspect = (context: ProxyContext, node: NodeHealth, source: "silent" | "timeouts"): void => {
  let moved = 0
  node.endQuestions()
  for (const endpoint of [...node.endpoints]) {
    endpoint.closeIdle()
    for (const connection of [...endpoint.open]) {
      if (connection.unanswered) {
        if (connection.written && connection.user?.repeatable === false && endpoint.state !== "gone") continue
        moved++
        moveOn(connection, "node-suspect")
      } else if (endpoint.state === "gone") connection.cut()
    }
  }
  context.emit({ type: "node-suspect", node: node.id, source, moved })
}

/**
 * Nodes that answer neither requests nor connections are suspect before these time out: in the meantime ever more requests
 * would go there. To be called with every tick.
 */
export const suspectUnheard = (context: ProxyContext, now: number): void => {
  const { ejectionBaseMs, ejectionMaxMs, unheardMs } = context.limits
  for (const node of context.fleet.nodes.values()) {
    if (node.isSuspect() || !node.isUnheard(now, unheardMs)) continue
    node.backoff.fail(now, ejectionBaseMs, ejectionMaxMs, context.random())
    suspect(context, node, "timeouts")
  }
}

/** An endpoint has left the table. What it is answering goes on, unless its node is suspect as well. */
export const leaveGone = (endpoint: Endpoint): void => {
  const dead = endpoint.node.isSuspect()
  for (const connection of [...endpoint.open]) {
    if (dead && connection.unanswered) moveOn(connection, "node-suspect")
    else if (connection.connecting) moveOn(connection, "endpoint-gone")
    else if (dead) connection.cut()
  }
}

const moveOn = (connection: UpstreamConnection, reason: "node-suspect" | "endpoint-gone"): void =>
  connection.user?.onUpstreamFailure(connection, reason, false)
