import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import type { Move } from "@evenkeel/domain/Plan"
import * as ConsentHook from "../src/ConsentHook.ts"
import * as HttpPost from "../src/HttpPost.ts"
import * as Metrics from "../src/RebalancerMetrics.ts"
import * as Webhook from "../src/Webhook.ts"

type Script = (attempt: number) => Effect.Effect<HttpPost.PostAnswer, HttpPost.PostFailed>

const scripted = (script: Script) =>
  Effect.gen(function* () {
    const posts = yield* Ref.make<ReadonlyArray<unknown>>([])
    const layer = Layer.succeed(HttpPost.HttpPost, {
      send: (_url, body) =>
        Effect.flatMap(
          Ref.getAndUpdate(posts, (before) => [...before, body]),
          (before) => script(before.length)
        )
    })
    return { posts: Ref.get(posts), layer }
  })

const address = Option.some(Redacted.make("https://user:secret@hooks.example/secret/x?key=secret"))
const held = (service: string): Webhook.Notification => ({ event: "move.held", service, because: "…" })
const ok = Effect.succeed({ status: 204, body: "" })
const broken = Effect.succeed({ status: 500, body: "" })

/** What is logged. */
const listening = () => {
  const logged: Array<string> = []
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => void logged.push(String(message)))
  )
  return { logged, logger }
}

const givenUp = Effect.map(
  Metric.value(Metric.tagged(Metrics.notifications, "result", "given_up")),
  ({ count }) => count
)

describe("the webhook", () => {
  it.scoped("delivers in order, with what a receiver needs", () =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted(() => ok)
      const { notify } = yield* Effect.provide(Webhook.make(address, "n1"), layer)
      yield* notify(held("a"))
      yield* notify(held("b"))
      yield* TestClock.adjust(0)
      expect(yield* posts).toMatchObject([
        {
          apiVersion: "evenkeel/v1",
          kind: "Notification",
          instance: "n1",
          event: "move.held",
          service: "a",
          at: "1970-01-01T00:00:00.000Z"
        },
        { service: "b" }
      ])
    })
  )

  it.scoped("tries again with longer and longer pauses, and gives up in the end", () =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted(() => broken)
      const { notify } = yield* Effect.provide(Webhook.make(address, "n1"), layer)
      yield* notify(held("a"))
      const attempts: Array<number> = []
      for (let second = 0; second < 120; second++) {
        yield* TestClock.adjust(second === 0 ? 0 : 1_000)
        while ((yield* posts).length > attempts.length) attempts.push(second)
      }
      expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 63])
    })
  )

  it.scoped("takes one that does not answer for one that is broken", () =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted((attempt) => (attempt === 0 ? Effect.never : ok))
      const { notify } = yield* Effect.provide(Webhook.make(address, "n1"), layer)
      yield* notify(held("a"))
      yield* TestClock.adjust("6 seconds")
      expect(yield* posts).toHaveLength(2)
    })
  )

  it.scoped("never makes its caller wait; what gives way is counted, and told once", () =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted(() => Effect.never)
      const { logged, logger } = listening()
      const telling = Effect.gen(function* () {
        const { notify } = yield* Webhook.make(address, "n1")
        for (let count = 0; count < 1_000; count++) yield* notify(held(`s${count}`))
      })
      const before = yield* givenUp
      const ended = yield* Effect.fork(Effect.scoped(telling).pipe(Effect.provide(Layer.merge(layer, logger))))
      // It ends although the receiver never answers: what waits has a few seconds.
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(ended)
      expect((yield* posts).length).toBeLessThanOrEqual(1)
      expect((yield* givenUp) - before).toBeGreaterThanOrEqual(1_000 - 256 - 1)
      expect(logged).toEqual([
        "notifications are given up: 256 wait for https://hooks.example/… already",
        "stopping: not all notifications were delivered to https://hooks.example/…"
      ])
    })
  )

  it.scoped("what is given up is counted and told, without what may be secret", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted(() => broken)
      const { logged, logger } = listening()
      const { notify } = yield* Effect.provide(Webhook.make(address, "n1"), Layer.merge(layer, logger))
      const before = yield* givenUp
      yield* notify(held("a"))
      yield* TestClock.adjust("2 minutes")
      expect((yield* givenUp) - before).toBe(1)
      expect(logged).toEqual([
        "the notification move.held was given up: https://hooks.example/… answered with status 500"
      ])
    })
  )

  it.scoped("delivers what still waits when the process ends", () =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted(() => Effect.as(Effect.sleep("100 millis"), { status: 204, body: "" }))
      const telling = Effect.gen(function* () {
        const { notify } = yield* Webhook.make(address, "n1")
        for (const service of ["a", "b", "c"]) yield* notify(held(service))
      })
      const ended = yield* Effect.fork(Effect.scoped(telling).pipe(Effect.provide(layer)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ended)
      expect(yield* posts).toMatchObject([{ service: "a" }, { service: "b" }, { service: "c" }])
    })
  )

  it.scoped("without an address there is nobody to tell", () =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted(() => ok)
      const { notify } = yield* Effect.provide(Webhook.make(Option.none(), "n1"), layer)
      yield* notify(held("a"))
      yield* TestClock.adjust("1 second")
      expect(yield* posts).toEqual([])
    })
  )
})

const move = {
  service: "s1",
  serviceName: "web",
  strategy: "pin",
  task: "t1",
  from: "x",
  to: "y",
  text: "why"
} as unknown as Move

describe("the consent hook", () => {
  const ask = (script: Script) =>
    Effect.gen(function* () {
      const { layer, posts } = yield* scripted(script)
      const hook = yield* Effect.provide(ConsentHook.make(address), layer)
      const answer = yield* Effect.fork(hook.ask(move, { fromName: "n1", toName: "n2" }, BrakeSettings.defaults))
      yield* TestClock.adjust("2 seconds")
      return { answer: yield* answer, posts: yield* posts }
    })

  it.scoped("gets the move and says go", () =>
    Effect.gen(function* () {
      const { answer, posts } = yield* ask(() => ok)
      expect(answer).toBeNull()
      expect(posts).toEqual([
        {
          apiVersion: "evenkeel/v1",
          kind: "MayMove",
          move: {
            service: "s1",
            serviceName: "web",
            strategy: "pin",
            task: "t1",
            from: "x",
            to: "y",
            fromName: "n1",
            toName: "n2",
            reason: "why"
          }
        }
      ])
    })
  )
  it.scoped("that does not answer in time means not now", () =>
    Effect.gen(function* () {
      const { answer } = yield* ask(() => Effect.never)
      expect(answer).toMatchObject({
        service: "s1",
        reason: "the consent hook gave no answer in time",
        untilMillis: 62_000
      })
    })
  )
  it.scoped("is waited for as long as the setting says", () =>
    Effect.gen(function* () {
      const { layer } = yield* scripted(() => Effect.never)
      const hook = yield* Effect.provide(ConsentHook.make(address), layer)
      const settings = { ...BrakeSettings.defaults, consentTimeoutMillis: 500 }
      const answer = yield* Effect.fork(hook.ask(move, { fromName: "n1", toName: "n2" }, settings))
      yield* TestClock.adjust("499 millis")
      expect(yield* Fiber.poll(answer)).toEqual(Option.none())
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(answer)).toMatchObject({ untilMillis: 60_500 })
    })
  )
  it.scoped("that cannot be reached means not now", () =>
    Effect.gen(function* () {
      const { answer } = yield* ask(
        () => new HttpPost.PostFailed({ url: "https://hooks.example/x", reason: "ECONNREFUSED" })
      )
      expect(answer).toMatchObject({ service: "s1" })
    })
  )
})
