/**
 * Tells an address of the operator's what happens: moves that begin, end or are held. One JSON document a notification. Never
 * blocks a decision: what cannot be delivered waits in a bounded queue and is then given up, which is logged and counted. When
 * the process ends, what still waits has a few seconds to leave.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { HttpPost, shown } from "./HttpPost.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Telling from "./Telling.ts"

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

type Waiting = Notification & { readonly at: string }

/** Notifications that wait; the oldest gives way to the newest. */
const queueSize = 256
const attemptMillis = 5_000
/** What waits when the process ends has so long. */
const partingMillis = 3_000
/** After 1, 2, 4 … 32 s: about a minute in all. */
const retries = Schedule.intersect(Schedule.exponential("1 second", 2), Schedule.recurs(6))

export const silent: Webhook = { notify: () => Effect.void }

/** `instance`: the hostname, for the receiver. Delivers in order until the scope closes, which waits a little for what is left. */
export const make = Effect.fn("Webhook.make")(function* (address: Option.Option<Redacted.Redacted>, instance: string) {
  if (Option.isNone(address)) return silent
  const url = new URL(Redacted.value(address.value))
  const http = yield* HttpPost
  /** Null: nothing comes any more. */
  const queue = yield* Queue.sliding<Waiting | null>(queueSize)
  const isGivingWay = yield* Ref.make(false)
  const count = (result: "delivered" | "given_up") =>
    Metric.increment(Metric.tagged(Metrics.notifications, "result", result))
  const deliver = (notification: Waiting) =>
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
        onSuccess: () => Effect.zipRight(Ref.set(isGivingWay, false), count("delivered")),
        onFailure: ({ message }) =>
          Effect.zipRight(
            count("given_up"),
            Telling.warning("notification-failed", `the notification ${notification.event} was given up: ${message}`)
          )
      })
    )
  /** Told once, however many give way until one is delivered again. */
  const makeRoom = Effect.gen(function* () {
    if (!(yield* Queue.isFull(queue))) return
    const oldest = yield* Queue.poll(queue)
    if (Option.isNone(oldest)) return
    yield* count("given_up")
    if (yield* Ref.getAndSet(isGivingWay, true)) return
    yield* Telling.warning(
      "notification-failed",
      `notifications are given up: ${queueSize} wait for ${shown(url)} already`
    )
  })
  const delivering = yield* Effect.forkDaemon(
    Effect.iterate(true, {
      while: (goesOn) => goesOn,
      body: () =>
        Effect.flatMap(Queue.take(queue), (next) =>
          next === null ? Effect.succeed(false) : Effect.as(deliver(next), true)
        )
    })
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Queue.offer(queue, null)
      const ended = yield* Effect.timeoutOption(Effect.interruptible(Fiber.join(delivering)), partingMillis)
      if (Option.isSome(ended)) return
      yield* Fiber.interrupt(delivering)
      yield* Telling.warning("notification-failed", `stopping: not all notifications were delivered to ${shown(url)}`)
    })
  )
  return {
    notify: (notification: Notification) =>
      Effect.gen(function* () {
        const at = new Date(yield* Clock.currentTimeMillis).toISOString()
        yield* makeRoom
        yield* Queue.offer(queue, { ...notification, at })
      })
  } satisfies Webhook
})
