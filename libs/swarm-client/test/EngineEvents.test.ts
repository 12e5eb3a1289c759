import type { ServerResponse } from "node:http"
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as EngineEvents from "../src/EngineEvents.ts"
import { layer, SwarmClient } from "../src/SwarmClient.ts"
import * as FakeEngine from "./FakeEngine.ts"

const line = (id: string, timeNano: string): string =>
  `{"Type":"service","Action":"update","Actor":{"ID":"${id}","Attributes":{"name":"é","replicas.new":"2"}},"scope":"swarm","time":1700000000,"timeNano":${timeNano}}\n`

const query = (received: FakeEngine.Received | undefined) => new URL(received?.url ?? "", "http://engine").searchParams

const events = (engine: FakeEngine.FakeEngine, options?: EngineEvents.EventsOptions) =>
  Stream.unwrap(Effect.map(SwarmClient, (client) => client.events(options))).pipe(
    Stream.provideLayer(Layer.orDie(layer({ endpoint: engine.endpoint })))
  )

/** Ends when a fiber waits for the clock; what happens before takes real time on the socket. */
const untilSleeping: Effect.Effect<void> = Effect.gen(function* () {
  while (Chunk.isEmpty(yield* TestClock.sleeps()))
    yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
})

describe("SwarmClient.events", () => {
  it.scopedLive("puts lines together that arrive in pieces, also within a character", () =>
    Effect.gen(function* () {
      const bytes = Buffer.from(line("s1", "1700000000123456789") + line("s2", "1700000000123456790"))
      const engine = yield* FakeEngine.start((_, response) => {
        const cut = bytes.indexOf("é") + 1
        const pieces = [bytes.subarray(0, 10), bytes.subarray(10, cut), bytes.subarray(cut)]
        const next = () => {
          const piece = pieces.shift()
          if (piece !== undefined) response.write(piece, () => setImmediate(next))
        }
        next()
      })
      const taken = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(events(engine), 3)))
      expect(taken[0]).toEqual(new EngineEvents.EventsConnected({ since: null }))
      expect(taken.slice(1)).toMatchObject([
        { type: "service", action: "update", id: "s1", timeNano: "1700000000123456789", attributes: { name: "é" } },
        { id: "s2", timeNano: "1700000000123456790", attributes: { "replicas.new": "2" } }
      ])
      const asked = query(engine.received.at(-1))
      expect(asked.has("since")).toBe(false)
      expect(JSON.parse(asked.get("filters") ?? "")).toEqual({ scope: ["swarm"], type: ["node", "service", "network"] })
      // The consumer has gone: so has the connection.
      yield* engine.awaitAborted
    })
  )

  it.scopedLive("passes over a line that is no event", () =>
    Effect.gen(function* () {
      const engine = yield* FakeEngine.start((_, response) => void response.write(`{"oops\n\n{}\n${line("s1", "5")}`))
      const warnings: Array<unknown> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void warnings.push(message))
      )
      const taken = yield* Effect.provide(Stream.runCollect(Stream.take(events(engine), 2)), logger)
      expect(Chunk.toReadonlyArray(taken)[1]).toMatchObject({ id: "s1" })
      expect(warnings).toHaveLength(2)
    })
  )

  it.scoped("connects again after 100 ms, 200 ms, … and asks from just after the last event", () =>
    Effect.gen(function* () {
      const answers = yield* Queue.unbounded<ServerResponse>()
      const engine = yield* FakeEngine.start((_, response) => void Queue.unsafeOffer(answers, response))
      const seen = yield* Queue.unbounded<EngineEvents.EngineNotice>()
      const fiber = yield* Effect.fork(Stream.runForEach(events(engine), (event) => Queue.offer(seen, event)))
      const first = yield* Queue.take(answers)
      first.write(line("s1", "1700000000999999999"))
      expect(yield* Queue.take(seen)).toMatchObject({ _tag: "EventsConnected", since: null })
      expect(yield* Queue.take(seen)).toMatchObject({ id: "s1" })
      first.destroy()
      // The pause has begun when the clock has a sleeper.
      yield* untilSleeping
      yield* TestClock.adjust("99 millis")
      expect(yield* Queue.size(answers)).toBe(0)
      yield* TestClock.adjust("1 millis")
      const second = yield* Queue.take(answers)
      expect(query(engine.received.at(-1)).get("since")).toBe("1700000001.000000000")
      FakeEngine.refuse(second, 500, "not now")
      yield* untilSleeping
      yield* TestClock.adjust("200 millis")
      const third = yield* Queue.take(answers)
      third.write(line("s2", "1700000002000000000"))
      expect(yield* Queue.take(seen)).toMatchObject({ _tag: "EventsConnected", since: "1700000000999999999" })
      expect(yield* Queue.take(seen)).toMatchObject({ id: "s2" })
      yield* Fiber.interrupt(fiber)
    })
  )
})

describe("EngineEvents", () => {
  it("backs off to five seconds and no further", () => {
    expect([0, 1, 2, 5, 6, 100].map((failures) => Duration.toMillis(EngineEvents.backOff(failures)))).toEqual([
      100, 200, 400, 3200, 5000, 5000
    ])
  })

  it("writes times as the API wants them", () => {
    expect(EngineEvents.sinceParameter("1700000000123456789")).toBe("1700000000.123456790")
    expect(EngineEvents.sinceParameter("1")).toBe("0.000000002")
  })

  it("needs a type and an action, and nothing else", () => {
    expect(Either.getOrThrow(EngineEvents.decodeEvent('{"Type":"node","Action":"new-word","Future":1}'))).toMatchObject(
      {
        type: "node",
        action: "new-word",
        id: "",
        timeNano: ""
      }
    )
    expect(Either.isLeft(EngineEvents.decodeEvent('{"Type":"node"}'))).toBe(true)
  })
})
