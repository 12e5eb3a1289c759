import { describe, expect, it } from "@effect/vitest"
import { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import { RoutedService, RouterPeer, RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { FeedReading } from "@evenkeel/feed/FeedLog"
import * as FeedServer from "@evenkeel/feed/FeedServer"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createSocket } from "node:dgram"
import * as HeartbeatPacket from "../src/HeartbeatPacket.ts"
import * as RouterApp from "../src/RouterApp.ts"
import * as RouterConfig from "../src/RouterConfig.ts"
import { RecordingPlane } from "./router.fixture.ts"

const token = Redacted.make("s3cret")

const table = (...names: ReadonlyArray<string>) =>
  new RoutingTable({
    ...RoutingTable.empty,
    services: names.map(
      (name) =>
        new RoutedService({
          id: ServiceId.make(name),
          name,
          group: null,
          scheme: "http",
          loadBalancing: "ewma",
          retries: 2,
          timeouts: { connectMillis: 1, firstByteMillis: 1, idleMillis: 1, totalMillis: 0 },
          holdMillis: 0,
          endpoints: []
        })
    )
  })

/** A rebalancer as far as a router sees it. */
const rebalancer = Effect.gen(function* () {
  const readings = yield* Queue.unbounded<FeedReading>()
  const { port, server } = yield* AdminServer.make<never>({
    host: "127.0.0.1",
    port: 0,
    readiness: Effect.succeed({ ready: true, reasons: [] }),
    metrics: Effect.succeed("")
  })
  yield* FeedServer.attach(server, {
    instance: "one",
    node: NodeId.make("m1"),
    hostname: "m1",
    token: Option.some(token),
    readings: Stream.fromQueue(readings)
  })
  let raftIndex = 0
  return {
    url: `ws://127.0.0.1:${port}/feed`,
    read: (of: RoutingTable) =>
      Queue.offer(readings, { table: of, raftIndex: ++raftIndex, quorum: true, readAtMillis: Date.now() })
  }
})

const configFor = (url: string) =>
  RouterConfig.load({
    EVENKEEL_NODE_ID: "n1",
    EVENKEEL_FEED_URLS: url,
    EVENKEEL_TOKEN: Redacted.value(token),
    EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
    EVENKEEL_ROUTER_ADMIN_PORT: "0",
    EVENKEEL_ROUTER_HEARTBEAT_PORT: "0",
    EVENKEEL_ROUTER_DRAIN_DEADLINE: "1500ms"
  })

const ask = (port: number, path: string) =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } })
    return { status: response.status, body: await response.text() }
  })

const eventually = <A>(take: () => A, holds: (value: A) => boolean) =>
  Effect.sync(take).pipe(Effect.filterOrFail(holds), Effect.retry(Schedule.spaced(10)))

describe("RouterApp", { timeout: 20_000 }, () => {
  it.scopedLive("listens with its first table, takes over what changes, and says so on its admin port", () =>
    Effect.gen(function* () {
      const plane = new RecordingPlane()
      plane.closed.resolve()
      const feed = yield* rebalancer
      const starting = yield* Effect.fork(RouterApp.start(yield* configFor(feed.url), null, () => plane))
      yield* feed.read(table("web"))
      const router = yield* Fiber.join(starting)
      expect(plane.calls).toEqual(["table web", "listen"])
      expect((yield* ask(router.adminPort, "/readyz")).status).toBe(200)
      expect((yield* ask(router.adminPort, "/metrics")).body).toContain("evenkeel_router_table_services 1\n")

      yield* feed.read(table("web", "api"))
      yield* eventually(
        () => plane.calls,
        (calls) => calls.includes("table web,api")
      )
      const page = JSON.parse((yield* ask(router.adminPort, "/routes")).body) as Record<string, unknown>
      expect(page).toMatchObject({
        node: { id: "n1" },
        table: { source: feed.url, version: { instance: "one", sequence: 2 } },
        feeds: [{ url: feed.url, connected: true, hostname: "m1" }],
        routes: [{ host: "web", why: "it says so" }]
      })
      const endpoints = JSON.parse((yield* ask(router.adminPort, "/debug/endpoints")).body) as unknown
      expect(endpoints).toEqual({ endpoints: [{ task: "t1", used: true }] })
    })
  )

  it.scopedLive("tells the data plane which nodes fall silent, and when they are heard again", () =>
    Effect.gen(function* () {
      const plane = new RecordingPlane()
      plane.closed.resolve()
      const feed = yield* rebalancer
      const peer = new RouterPeer({ node: NodeId.make("n2"), address: "127.0.0.1" })
      yield* feed.read(new RoutingTable({ ...table("web"), routers: [peer] }))
      const router = yield* RouterApp.start(yield* configFor(feed.url), null, () => plane)
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => createSocket("udp4")),
        (open) => Effect.sync(() => open.close())
      )
      let sequence = 0
      const beat = Effect.sync(() => {
        const packet = { kind: "beat", node: peer.node, start: "x", sequence: ++sequence } as const
        socket.send(HeartbeatPacket.encode(packet, Option.some(token)), router.heartbeatPort, "127.0.0.1")
      })
      const shows = (line: RegExp) =>
        ask(router.adminPort, "/metrics").pipe(Effect.filterOrFail(({ body }) => line.test(body)))
      // A beat that comes before the peer is watched is a stranger's.
      yield* Effect.zipRight(beat, shows(/^evenkeel_router_heartbeats_received_total [1-9]/m)).pipe(
        Effect.retry(Schedule.spaced(20))
      )
      expect(plane.calls).not.toContain("suspect n2")
      yield* eventually(
        () => plane.calls.at(-1),
        (call) => call === "suspect n2"
      )
      yield* shows(/^evenkeel_router_silent_nodes 1$/m)
      yield* beat
      yield* eventually(
        () => plane.calls.at(-1),
        (call) => call === "suspect "
      )
    })
  )

  it.scopedLive("fails by name where its traffic port is taken", () =>
    Effect.gen(function* () {
      class Taken extends RecordingPlane {
        override listen(): Promise<{ port: number; tlsPort: null }> {
          return Promise.reject(Object.assign(new Error("listen"), { code: "EADDRINUSE" }))
        }
      }
      const plane = new Taken()
      plane.closed.resolve()
      const feed = yield* rebalancer
      yield* feed.read(table("web"))
      const error = yield* Effect.flip(RouterApp.start(yield* configFor(feed.url), null, () => plane))
      expect(error).toBeInstanceOf(RouterApp.RouterPortUnavailable)
      expect(error.message).toContain("cannot take requests on 0.0.0.0:8080 (EADDRINUSE)")
    })
  )

  it.scopedLive("drains on the way out: unready at once, its admin port open until the data plane has closed", () =>
    Effect.gen(function* () {
      const plane = new RecordingPlane()
      const feed = yield* rebalancer
      yield* feed.read(table("web"))
      const scope = yield* Scope.make()
      const router = yield* Scope.extend(
        RouterApp.start(yield* configFor(feed.url), null, () => plane),
        scope
      )
      const stopping = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.promise(() => plane.closeAsked.promise)
      expect(plane.calls.at(-1)).toBe("close 1500")
      const unready = yield* ask(router.adminPort, "/readyz")
      expect([unready.status, unready.body]).toEqual([503, "not ready\ndraining: the router stops\n"])
      expect((yield* ask(router.adminPort, "/healthz")).status).toBe(200)
      plane.closed.resolve()
      yield* Fiber.join(stopping)
      const after = yield* Effect.exit(Effect.tryPromise(() => fetch(`http://127.0.0.1:${router.adminPort}/healthz`)))
      expect(Exit.isFailure(after)).toBe(true)
    })
  )
})
