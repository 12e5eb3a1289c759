import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/TestClock"
import type { AddressInfo } from "node:net"
import { WebSocket, WebSocketServer } from "ws"
import * as Protocol from "../src/FeedProtocol.ts"
import { atSequence, client, eventually, nodeId, reading, server, service, table, until } from "./feed.fixture.ts"

const large = Array.from({ length: 20 }, (_, i) => service(`other-${i}`, ["10.0.1.1"]))
const tableOf = (...addresses: ReadonlyArray<string>) => table(service("web", addresses), ...large)

/** A server that is handed every socket as it comes: for servers that misbehave. */
const rawServer = (onConnection: (socket: WebSocket, count: number) => void) =>
  Effect.acquireRelease(
    Effect.async<WebSocketServer>((resume) => {
      let count = 0
      const created = new WebSocketServer({ port: 0, host: "127.0.0.1" })
      created.on("connection", (socket) => onConnection(socket, ++count))
      created.on("listening", () => resume(Effect.succeed(created)))
    }),
    (created) =>
      Effect.sync(() => {
        for (const socket of created.clients) socket.terminate()
        created.close()
      })
  ).pipe(Effect.map((created) => `ws://127.0.0.1:${(created.address() as AddressInfo).port}/feed`))

const version: Protocol.FeedVersion = { instance: "i", sequence: 1, raftIndex: 1, quorum: true, confirmedAtMillis: 1 }
const tableFrame = Protocol.encodeServerMessage({ type: "table", version, table: tableOf() })

describe("the feed", { timeout: 20_000 }, () => {
  it.scopedLive("sends the table, then what changes", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      const { states } = yield* client(feed.url)
      yield* feed.read(reading(tableOf("10.0.0.1"), 10))
      yield* until(states, atSequence(1))
      yield* feed.read(reading(tableOf("10.0.0.1", "10.0.0.2"), 11))
      const state = yield* until(states, atSequence(2))
      expect(state?.held?.table).toEqual(tableOf("10.0.0.1", "10.0.0.2"))
      expect(state?.held?.version).toMatchObject({ instance: "instance-1", raftIndex: 11, quorum: true })
      expect(state).toMatchObject({ tablesReceived: 1, deltasReceived: 1, server: { hostname: "manager-1" } })
    })
  )

  it.scopedLive("tells by heartbeat that an unchanged table was confirmed again", () =>
    Effect.gen(function* () {
      const feed = yield* server({ heartbeatMillis: 20 })
      const { states } = yield* client(feed.url)
      yield* feed.read(reading(tableOf(), 10))
      yield* until(states, atSequence(1))
      yield* feed.read(reading(tableOf(), 12))
      const state = yield* until(states, (s) => s?.held?.version.raftIndex === 12)
      expect(state?.held?.version).toMatchObject({ sequence: 1, confirmedAtMillis: 1_012 })
      expect(state).toMatchObject({ tablesReceived: 1, deltasReceived: 0 })
    })
  )

  it.scoped("resumes after a broken connection with what was missed, not with the table", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      const { states } = yield* client(feed.url)
      yield* feed.read(reading(tableOf("10.0.0.1"), 10))
      yield* until(states, atSequence(1))
      yield* feed.cut
      yield* until(states, (s) => s?.connected === false)
      // Time stands still: the client does not come back before both changes were made.
      yield* feed.read(reading(tableOf("10.0.0.2"), 11))
      yield* feed.read(reading(tableOf("10.0.0.3"), 12))
      yield* eventually(feed.stats, ({ version }) => version?.sequence === 3)
      yield* TestClock.adjust("100 millis")
      const state = yield* until(states, atSequence(3))
      expect(state?.held?.table).toEqual(tableOf("10.0.0.3"))
      expect(state).toMatchObject({ tablesReceived: 1, deltasReceived: 2 })
    })
  )

  it.scopedLive("goes on with the next table after one that cannot be told", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      const { states } = yield* client(feed.url)
      yield* feed.read(reading(tableOf("10.0.0.1"), 10.5))
      yield* feed.read(reading(tableOf("10.0.0.2"), 11))
      const state = yield* until(states, atSequence(1))
      expect(state?.held?.table).toEqual(tableOf("10.0.0.2"))
    })
  )

  it.scopedLive("cuts off a router that does not read", () =>
    Effect.gen(function* () {
      const feed = yield* server({ maxBufferedBytes: Number.NEGATIVE_INFINITY })
      const { states } = yield* client(feed.url)
      yield* feed.read(reading(tableOf("10.0.0.1"), 10))
      yield* eventually(feed.stats, ({ slowRoutersCut }) => slowRoutersCut > 0)
      expect((yield* until(states, (s) => s !== null))?.connected).toBe(false)
    })
  )

  it.scopedLive("counts its routers while they are there", () =>
    Effect.gen(function* () {
      const feed = yield* server({ heartbeatMillis: 20 })
      yield* feed.read(reading(tableOf(), 1))
      const scope = yield* Scope.make()
      const { states } = yield* Scope.extend(client(feed.url), scope)
      yield* until(states, atSequence(1))
      expect((yield* feed.stats).routers).toBe(1)
      yield* Scope.close(scope, Exit.void)
      yield* eventually(feed.stats, ({ routers }) => routers === 0)
    })
  )

  it.scopedLive("refuses a router without the token, says why, and takes one that has it", () =>
    Effect.gen(function* () {
      const feed = yield* server({ token: Option.some(Redacted.make("s3cret")) })
      yield* feed.read(reading(tableOf(), 1))
      const wrong = yield* client(feed.url, "guess")
      const none = yield* client(feed.url)
      for (const { states } of [wrong, none]) {
        const state = yield* until(states, (s) => s !== null)
        expect(state).toMatchObject({ connected: false, held: null })
      }
      expect((yield* feed.stats).refused).toBeGreaterThanOrEqual(2)
      const right = yield* client(feed.url, "s3cret")
      yield* until(right.states, atSequence(1))
      expect((yield* feed.stats).routers).toBe(1)
    })
  )

  it.scoped("takes a server that falls silent for dead and connects again", () =>
    Effect.gen(function* () {
      const second = yield* Deferred.make<void>()
      const url = yield* rawServer((socket, count) => {
        socket.send(tableFrame)
        if (count === 2) Deferred.unsafeDone(second, Exit.void)
      })
      const { states } = yield* client(url)
      yield* until(states, atSequence(1))
      yield* TestClock.adjust(Protocol.silenceMillis - 1)
      expect((yield* SubscriptionRef.get(states))?.connected).toBe(true)
      yield* TestClock.adjust(1)
      const silent = yield* until(states, (s) => s?.connected === false)
      expect(silent?.held?.version.sequence).toBe(1)
      yield* TestClock.adjust("100 millis")
      yield* Deferred.await(second)
    })
  )

  const misfits = [
    { what: "a frame that is not JSON", frame: "{not json" },
    {
      what: "a change that does not follow what it holds",
      frame: Protocol.encodeServerMessage({
        type: "delta",
        from: 7,
        version: { ...version, sequence: 8 },
        delta: { changed: [], removed: [] }
      })
    },
    {
      what: "a heartbeat of a version that it was not sent",
      frame: Protocol.encodeServerMessage({ type: "heartbeat", version: { ...version, sequence: 2 } })
    }
  ]
  it.scopedLive.each(misfits)("connects anew and asks for the whole table after $what", ({ frame }) =>
    Effect.gen(function* () {
      const hellos: Array<Protocol.ClientMessage> = []
      const again = yield* Deferred.make<void>()
      const url = yield* rawServer((socket, count) => {
        socket.on("message", (bytes) => {
          hellos.push(JSON.parse(String(bytes)) as Protocol.ClientMessage)
          socket.send(tableFrame)
          if (count === 1) socket.send(frame)
          else Deferred.unsafeDone(again, Exit.void)
        })
      })
      const { states } = yield* client(url)
      yield* Deferred.await(again)
      yield* until(states, (s) => s?.tablesReceived === 2)
      expect(hellos[0]).toEqual({ type: "hello", protocol: 1, oldest: 1, node: "router-1" })
      expect(hellos[1]).not.toHaveProperty("resume")
    })
  )

  it.scopedLive("closes a connection whose client speaks nonsense, and serves the others", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      yield* feed.read(reading(tableOf(), 1))
      const code = yield* Effect.async<number>((resume) => {
        const socket = new WebSocket(feed.url)
        socket.on("open", () => socket.send("nonsense"))
        socket.on("close", (closeCode) => resume(Effect.succeed(closeCode)))
      })
      expect(code).toBe(1008)
      const { states } = yield* client(feed.url)
      yield* until(states, atSequence(1))
    })
  )

  it.scopedLive("answers upgrades elsewhere with 404", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      const status = yield* Effect.async<number | undefined>((resume) => {
        const socket = new WebSocket(feed.url.replace("/feed", "/elsewhere"))
        socket.on("unexpected-response", (_, response) => resume(Effect.succeed(response.statusCode)))
        socket.on("error", () => undefined)
      })
      expect(status).toBe(404)
    })
  )

  it.scopedLive("resumes at a server that comes back with its history, and begins anew at a new instance", () =>
    Effect.gen(function* () {
      const hellos: Array<Protocol.ClientMessage> = []
      const one = tableOf("10.0.0.1")
      const url = yield* rawServer((socket, count) => {
        socket.on("message", (bytes) => {
          hellos.push(JSON.parse(String(bytes)) as Protocol.ClientMessage)
          const next = { ...version, sequence: 2 }
          if (count === 1) {
            socket.send(tableFrame)
            socket.close()
          } else if (count === 2) {
            const delta = { changed: one.services.slice(0, 1), removed: [] }
            socket.send(Protocol.encodeServerMessage({ type: "delta", from: 1, version: next, delta }))
            socket.close()
          } else
            socket.send(
              Protocol.encodeServerMessage({ type: "table", version: { ...next, instance: "j" }, table: one })
            )
        })
      })
      const { states } = yield* client(url)
      const state = yield* until(states, (s) => s?.held?.version.instance === "j")
      expect(hellos.map(({ resume }) => resume)).toEqual([
        undefined,
        { instance: "i", sequence: 1 },
        { instance: "i", sequence: 2 }
      ])
      expect(state).toMatchObject({ tablesReceived: 2, deltasReceived: 1 })
      expect(nodeId("router-1")).toBe(hellos[0]?.node)
    })
  )
})
