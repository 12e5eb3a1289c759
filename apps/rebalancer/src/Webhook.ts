/**
 * Tells an address of the operator's what happens: moves that begin, end or are held. One JSON document a notification. Never
 * blocks a decision: what cannot be delivered waits in a bounded queue and is then given up, which is logged and counted.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { HttpPost, shown } from "./HttpPost.ts"
import * as Metrics from "./RebalancerMetrics.ts"

export type Notification =
  | { readonly event: "move.begun" | "move.completed" | "move.undone"; readonly move: object }
  | { readonly event: "move.held"; readonly service: string; readonly because: string }
  | { readonly event: "node.quarantined"; readonly node: string; readonly until: string }

export interface Webhook {
  /** Returns at once. */
  readonly notify: (notification: Notification) => Effect.Effect<void>
}

/** Represents an answer other than 2xx; status 0 is none in time. */
class NotTaken extends Schema.TaggedError<NotTaken>()("NotTaken", { url: Schema.String, status: Schema.Number }) {
  override get message() {
    return `${this.url} ${this.status === 0 ? `gave no answer within ${attemptMillis} ms` : `answered with status ${this.status}`}`
  }
}

/** Notifications that wait; the oldest gives way to the newest. */
const queueSize = 256
const attemptMillis = 5_000
/** After 1, 2, 4 … 32 s: about a minute in all. */
const retries = Schedule.intersect(Schedule.exponential("1 second", 2), Schedule.recurs(6))

export const silent: Webhook = { notify: () => Effect.void }

/** `instance`: the hostname, for the receiver. Delivers in order until the scope closes. */
export const make = Effect.fn("Webhook.make")(function* (address: Option.Option<Redacted.Redacted>, instance: string) {
  if (Option.isNone(address)) return silent
  const url = new URL(Redacted.value(address.value))
  const http = yield* HttpPost
  const queue = yield* Queue.sliding<Notification & { readonly at: string }>(queueSize)
  const deliver = (notification: Notification & { readonly at: string }) =>
    http.send(url, { apiVersion: "evenkeel/v1", kind: "Notification", instance, ...notification }).pipe(
      Effect.flatMap(({ status }) =>
        status >= 200 && status < 300 ? Effect.void : new NotTaken({ url: shown(url), status })
      ),
      Effect.timeoutFail({
        duration: attemptMillis,
        onTimeout: () => new NotTaken({ url: shown(url), status: 0 })
      }),
      Effect.retry(retries),
      Effect.matchEffect({
        onSuccess: () => Metric.increment(Metric.tagged(Metrics.notifications, "result", "delivered")),
        onFailure: ({ message }) =>
          Effect.zipRight(
            Metric.increment(Metric.tagged(Metrics.notifications, "result", "given_up")),
            Effect.logWarning(`the notification ${notification.event} was given up: ${message}`)
          )
      })
    )
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(queue), deliver)))
  return {
    notify: (notification: Notification) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.asVoid(Queue.offer(queue, { ...notification, at: new Date(now).toISOString() }))
      )
  } satisfies Webhook
})
