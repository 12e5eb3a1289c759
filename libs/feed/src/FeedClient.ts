/**
 * The router's end of one feed: connects to a rebalancer for ever, with a growing and jittered pause after failures, resumes
 * where it left off, and takes a feed that was silent for two seconds for dead. Every change is published as a `FeedState`;
 * the last table stays in it while the feed is away. Which feed's table counts is decided by `FeedChoice`.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { WebSocket } from "ws"
import * as BearerToken from "./BearerToken.ts"
import * as Protocol from "./FeedProtocol.ts"
import * as TableDelta from "./TableDelta.ts"

export interface FeedClientOptions {
  /** `ws://host:7070/feed` */
  readonly url: string
  /** The router's node. */
  readonly node: NodeId
  readonly token: Option.Option<Redacted.Redacted>
  readonly tls?: FeedTls
}

/** How a feed over TLS (`wss:`) is verified. */
export interface FeedTls {
  /** PEM of the authorities; absent: those that Node.js knows. */
  readonly authorities?: string
  /** The name that the rebalancer's certificate holds for; absent: the URL's host. */
  readonly name?: string
}

/** What is known from one feed. */
export interface FeedState {
  readonly url: string
  readonly connected: boolean
  /** The rebalancer's node, once it said hello. */
  readonly server: { readonly node: NodeId; readonly hostname: string } | null
  /** Version and table belong together; null until the first table. The version alone moves with heartbeats. */
  readonly held: { readonly version: Protocol.FeedVersion; readonly table: RoutingTable } | null
  /** When the last message came, milliseconds of the Unix epoch; 0 before the first. */
  readonly heardAtMillis: number
  /** Frames by kind since the start: tells a resumed feed from one that begins anew. */
  readonly tablesReceived: number
  readonly deltasReceived: number
}

/** Represents a feed that could not be reached or has ended; the client tries again. */
export class FeedDisconnected extends Schema.TaggedError<FeedDisconnected>()("FeedDisconnected", {
  url: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `no feed from ${this.url}: ${this.reason}`
  }
}

/** Represents a message that does not follow what is held; the table is fetched anew. */
export class FeedOutOfStep extends Schema.TaggedError<FeedOutOfStep>()("FeedOutOfStep", {
  url: Schema.String,
  held: Schema.NullOr(Schema.Int),
  got: Schema.Int
}) {
  override get message(): string {
    return `the feed from ${this.url} went on at ${this.got} while we hold ${this.held ?? "nothing"}; asking for the table`
  }
}

type Failure = FeedDisconnected | FeedOutOfStep | Protocol.FeedMessageMalformed | Protocol.FeedReleasesApart

const firstPauseMillis = 100
const longestPauseMillis = 2_000
const maxServerMessageBytes = 64 << 20

type Incoming = { readonly text: string } | { readonly ended: string }

const open = (options: FeedClientOptions, inbox: Queue.Queue<Incoming>): WebSocket => {
  const socket = new WebSocket(options.url, {
    perMessageDeflate: false,
    maxPayload: maxServerMessageBytes,
    ...(options.tls?.authorities === undefined ? {} : { ca: options.tls.authorities }),
    ...(options.tls?.name === undefined ? {} : { servername: options.tls.name }),
    headers: Option.match(options.token, {
      onNone: () => ({}),
      onSome: (token) => ({ authorization: BearerToken.header(token) })
    })
  })
  const ended = (reason: string) => inbox.unsafeOffer({ ended: reason })
  socket.on("unexpected-response", (request, response) => {
    request.destroy()
    ended(
      response.statusCode === 401
        ? "the rebalancer refuses our token; both need the same EVENKEEL_TOKEN"
        : `it answered ${response.statusCode ?? "nothing"} instead of a WebSocket`
    )
  })
  socket.on("message", (bytes) => inbox.unsafeOffer({ text: String(bytes) }))
  socket.on("error", (error) => ended(error.message))
  socket.on("close", (code, reason) => ended(`closed (${[code, String(reason)].join(" ").trim()})`))
  return socket
}

const initial = (url: string): FeedState => ({
  url,
  connected: false,
  server: null,
  held: null,
  heardAtMillis: 0,
  tablesReceived: 0,
  deltasReceived: 0
})

/** The state after `message`; fails where it does not follow what is held. */
const received = (
  state: FeedState,
  message: Protocol.ServerMessage
): Effect.Effect<FeedState, FeedOutOfStep | Protocol.FeedReleasesApart> => {
  const { held, url } = state
  const follows = (instance: string, sequence: number): boolean =>
    held?.version.instance === instance && held.version.sequence === sequence
  const outOfStep = (got: number) => Effect.fail(new FeedOutOfStep({ url, held: held?.version.sequence ?? null, got }))
  switch (message.type) {
    case "hello": {
      const { hostname, node: at } = message
      const next = { ...state, server: { node: at, hostname } }
      return Effect.as(Protocol.commonProtocol(message, `the rebalancer on ${hostname} (${url})`), next)
    }
    case "table": {
      const { table, version } = message
      const tablesReceived = state.tablesReceived + 1
      return Effect.succeed({ ...state, connected: true, held: { version, table }, tablesReceived })
    }
    case "delta": {
      if (held === null || !follows(message.version.instance, message.from)) return outOfStep(message.from)
      const table = TableDelta.apply(held.table, message.delta)
      const deltasReceived = state.deltasReceived + 1
      return Effect.succeed({ ...state, connected: true, held: { version: message.version, table }, deltasReceived })
    }
    case "heartbeat": {
      const { version } = message
      if (version === null) return Effect.succeed(state)
      if (held === null || !follows(version.instance, version.sequence)) return outOfStep(version.sequence)
      return Effect.succeed({ ...state, connected: true, held: { version, table: held.table } })
    }
  }
}

/**
 * Follows the feed until interrupted. `publish` gets every new state, in order; `connected` becomes true with the first
 * version of a connection, not with its opening.
 */
export const follow = Effect.fn("FeedClient.follow")(function* (
  options: FeedClientOptions,
  publish: (state: FeedState) => Effect.Effect<void>
): Effect.fn.Return<never> {
  const { node, url } = options
  const state = yield* Ref.make(initial(url))
  const failuresInARow = yield* Ref.make(0)
  const mayResume = yield* Ref.make(true)
  const lastFailure = yield* Ref.make<Failure["_tag"] | null>(null)
  const update = (next: FeedState) => Effect.zipRight(Ref.set(state, next), publish(next))

  const session: Effect.Effect<never, Failure> = Effect.scoped(
    Effect.gen(function* () {
      const inbox = yield* Queue.unbounded<Incoming>()
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => open(options, inbox)),
        (opened) => Effect.sync(() => opened.terminate())
      )
      const { held } = yield* Ref.get(state)
      const resume =
        held !== null && (yield* Ref.getAndSet(mayResume, true))
          ? { resume: { instance: held.version.instance, sequence: held.version.sequence } }
          : {}
      const hello = { type: "hello", ...Protocol.ownProtocols, node, ...resume } as const
      socket.once("open", () => socket.send(Protocol.encodeClientMessage(hello)))
      const next = Queue.take(inbox).pipe(
        Effect.timeoutFail({
          duration: Protocol.silenceMillis,
          onTimeout: () => new FeedDisconnected({ url, reason: `silent for ${Protocol.silenceMillis} ms` })
        })
      )
      while (true) {
        const incoming = yield* next
        if ("ended" in incoming) return yield* new FeedDisconnected({ url, reason: incoming.ended })
        const message = yield* Protocol.decodeServerMessage(incoming.text, url)
        const heardAtMillis = yield* Clock.currentTimeMillis
        const before = yield* Ref.get(state)
        const after = message === undefined ? before : yield* received(before, message)
        if (after.connected && !before.connected) {
          yield* Ref.set(failuresInARow, 0)
          yield* Effect.logInfo("following a feed").pipe(
            Effect.annotateLogs({ url, hostname: after.server?.hostname ?? "unknown" })
          )
        }
        yield* update({ ...after, heardAtMillis })
      }
    })
  )

  const pause = Effect.gen(function* () {
    const failures = yield* Ref.getAndUpdate(failuresInARow, (n) => n + 1)
    const millis = Math.min(longestPauseMillis, firstPauseMillis * 2 ** Math.min(failures, 10))
    const share = yield* Random.nextRange(0.5, 1)
    yield* Effect.sleep(millis * share)
  })

  const ended = (failure: Failure) =>
    Effect.gen(function* () {
      const before = yield* Ref.get(state)
      // Said once for each loss and each other kind of failure: a rebalancer that is away for an hour is one line, and one more
      // when it comes back as a release too far from ours.
      const isOtherKind = (yield* Ref.getAndSet(lastFailure, failure._tag)) !== failure._tag
      const isNews = before.connected || isOtherKind
      yield* isNews ? Effect.logWarning(failure.message) : Effect.logDebug(failure.message)
      yield* Ref.set(mayResume, failure._tag === "FeedDisconnected")
      yield* update({ ...before, connected: false })
      yield* pause
    })

  return yield* Effect.forever(Effect.catchAll(session, ended))
})
