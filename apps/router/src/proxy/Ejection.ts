/**
 * What follows from an endpoint's failure or answer for the endpoint and its node: out with a back-off, the node suspect,
 * and in again. Requests that have no answer yet leave a place found bad at once instead of each finding out by itself.
 */
import type { Endpoint } from "./Endpoint.ts"
import type { NodeHealth } from "./NodeHealth.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

const tasksToSuspect = 2

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
  // Several connections may fail at once: one failure lengthens the back-off once.
  if (failure.eject && now >= backoff.until) {
    backoff.fail(now, ejectionBaseMs, ejectionMaxMs, context.random())
    endpoint.unanswered = 0
    context.emit({
      type: "endpoint-ejected",
      service: endpoint.service.name,
      task: endpoint.task,
      node: node.id,
      address: `${endpoint.address}:${endpoint.port}`,
      cause: failure.reason,
      forMs: Math.round(backoff.until - now)
    })
  }
  if (failure.silence) {
    const several = node.noteTimeout(endpoint.task, now, suspicionWindowMs, tasksToSuspect)
    if ((several || node.backoff.isOut()) && now >= node.backoff.until) {
      const before = node.isSuspect()
      node.backoff.fail(now, ejectionBaseMs, ejectionMaxMs, context.random())
      if (!before) suspect(context, node, "timeouts")
    }
  }
  if (failure.eject && !wasOut) {
    endpoint.closeIdle()
    for (const connection of [...endpoint.open]) if (connection.connecting) moveOn(connection, "endpoint-gone")
  }
}

/** An endpoint answered: it is in, and its node lives. */
export const noteAnswer = (context: ProxyContext, connection: UpstreamConnection): void => {
  const { endpoint } = connection
  endpoint.unanswered = 0
  if (endpoint.backoff.isOut() || connection.probe) {
    if (endpoint.backoff.succeed()) {
      const { task, service, node } = endpoint
      context.emit({ type: "endpoint-readmitted", service: service.name, task, node: node.id })
    }
  }
  if (endpoint.node.answered()) context.emit({ type: "node-cleared", node: endpoint.node.id })
}

/**
 * A node has become suspect: its idle connections go, requests without an answer move on, and streams of endpoints that
 * Swarm has given up too are broken off, so that their clients come again.
 */
export const suspect = (context: ProxyContext, node: NodeHealth, source: "silent" | "timeouts"): void => {
  let moved = 0
  for (const endpoint of [...node.endpoints]) {
    endpoint.closeIdle()
    for (const connection of [...endpoint.open]) {
      if (connection.unanswered) {
        moved++
        moveOn(connection, "node-suspect")
      } else if (endpoint.state === "gone") connection.cut()
    }
  }
  context.emit({ type: "node-suspect", node: node.id, source, moved })
}

/** An endpoint has left the table. What it is answering goes on, unless its node is suspect as well. */
export const leaveGone = (endpoint: Endpoint): void => {
  const dead = endpoint.node.isSuspect()
  for (const connection of [...endpoint.open]) {
    if (connection.connecting || (dead && connection.unanswered)) moveOn(connection, "endpoint-gone")
    else if (dead) connection.cut()
  }
}

const moveOn = (connection: UpstreamConnection, reason: "node-suspect" | "endpoint-gone"): void =>
  connection.user?.onUpstreamFailure(connection, reason, false)
