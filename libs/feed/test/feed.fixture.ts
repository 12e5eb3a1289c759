/** Tables, servers and waiting for the feed's tests. */
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { Endpoint, Route, RoutedService, RouterPeer, RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { createServer } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import * as FeedClient from "../src/FeedClient.ts"
import type { FeedReading } from "../src/FeedLog.ts"
import * as FeedServer from "../src/FeedServer.ts"

export const nodeId = (text: string) => NodeId.make(text)

export const service = (id: string, addresses: ReadonlyArray<string> = []) =>
  new RoutedService({
    id: ServiceId.make(id),
    name: `stack_${id}`,
    group: null,
    scheme: "http",
    loadBalancing: "ewma",
    retries: 2,
    timeouts: { connectMillis: 1_000, firstByteMillis: 30_000, idleMillis: 60_000, totalMillis: 0 },
    holdMillis: 0,
    endpoints: addresses.map(
      (address, i) =>
        new Endpoint({
          task: TaskId.make(`${id}-${i}`),
          node: nodeId(`node-${i}`),
          slot: i + 1,
          address,
          port: 8080,
          state: "ready"
        })
    )
  })

export const table = (...services: ReadonlyArray<RoutedService>) =>
  new RoutingTable({
    services,
    routes: services.map(
      ({ id, name }) => new Route({ host: name, path: "/", strip: false, target: name, holdMillis: 0, services: [id] })
    ),
    routers: [new RouterPeer({ node: nodeId("node-0"), address: "10.0.0.2" })],
    problems: []
  })

export const reading = (of: RoutingTable, raftIndex: number, quorum = true): FeedReading => ({
  table: of,
  raftIndex,
  quorum,
  readAtMillis: 1_000 + raftIndex
})

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly read: (reading: FeedReading) => Effect.Effect<void>
  readonly stats: FeedServer.FeedServer["stats"]
  /** Breaks every connection as a dead network would, the server stays. */
  readonly cut: Effect.Effect<void>
}

/** A feed server on a port of its own (or `port`), for as long as the scope lives. */
export const server = (
  options: Partial<FeedServer.FeedServerOptions> & { readonly port?: number } = {}
): Effect.Effect<TestServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const http = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const created = createServer()
        created.listen(options.port ?? 0, "127.0.0.1", () => resume(Effect.succeed(created)))
      }),
      (created) => Effect.async<void>((resume) => void created.close(() => resume(Effect.void)))
    )
    const sockets = new Set<Socket>()
    http.on("connection", (socket) => {
      sockets.add(socket)
      socket.on("close", () => sockets.delete(socket))
    })
    const readings = yield* Queue.unbounded<FeedReading>()
    const feed = yield* FeedServer.attach(http, {
      instance: "instance-1",
      node: nodeId("manager-1"),
      hostname: "manager-1",
      token: Option.none(),
      readings: Stream.fromQueue(readings),
      ...options
    })
    const { port } = http.address() as AddressInfo
    return {
      url: `ws://127.0.0.1:${port}/feed`,
      port,
      read: (one) => Effect.asVoid(Queue.offer(readings, one)),
      stats: feed.stats,
      cut: Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      })
    }
  })

/** A client's states as a reference to wait on. */
export const client = (url: string, token?: string) =>
  Effect.gen(function* () {
    const states = yield* SubscriptionRef.make<FeedClient.FeedState | null>(null)
    const options = {
      url,
      node: nodeId("router-1"),
      token: Option.map(Option.fromNullable(token), (text) => Redacted.make(text))
    }
    const fiber = yield* Effect.forkScoped(FeedClient.follow(options, (state) => SubscriptionRef.set(states, state)))
    return { states, fiber }
  })

/** Asks again and again, in real time, until `holds` is true of the answer. */
export const eventually = <A>(ask: Effect.Effect<A>, holds: (value: A) => boolean) =>
  ask.pipe(Effect.repeat({ until: holds, schedule: Schedule.spaced(5) }), Effect.withClock(Clock.make()))

/** The first value, from now on, of which `holds` is true. */
export const until = <A>(ref: SubscriptionRef.SubscriptionRef<A>, holds: (value: A) => boolean) =>
  Stream.runHead(Stream.filter(ref.changes, holds)).pipe(Effect.map(Option.getOrThrow))

export const atSequence = (sequence: number) => (state: FeedClient.FeedState | null) =>
  state !== null && state.connected && state.held?.version.sequence === sequence
