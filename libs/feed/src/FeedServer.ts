/**
 * The rebalancer's end of the feed: takes WebSocket upgrades on `/feed` of an HTTP server, checks the token, and keeps every
 * router that said hello up to date through a `FeedHub`. Lives as long as its scope; the HTTP server stays its owner's.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import * as BearerToken from "./BearerToken.ts"
import { FeedHub, type FeedHubOptions, type FeedHubStats } from "./FeedHub.ts"
import type { FeedReading } from "./FeedLog.ts"
import * as Protocol from "./FeedProtocol.ts"

export interface FeedServerOptions extends FeedHubOptions {
  /** Where this rebalancer runs. */
  readonly node: NodeId
  readonly hostname: string
  /** Without one anybody who reaches the port may listen; this is said once in the log. */
  readonly token: Option.Option<Redacted.Redacted>
  /** Every table as it is read; readings without a change may come as often as they like. */
  readonly readings: Stream.Stream<FeedReading>
  /** Default 500 ms. */
  readonly heartbeatMillis?: number
}

export interface FeedServerStats extends FeedHubStats {
  /** Connections turned away for want of the token. */
  readonly refused: number
}

export interface FeedServer {
  readonly stats: Effect.Effect<FeedServerStats>
}

/** An HTTP server, plain or over TLS. */
export interface UpgradingServer {
  on(event: "upgrade", listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown
  off(event: "upgrade", listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown
}

/** A router that has not answered a ping by the next one, or not said hello by then, is gone. In heartbeats. */
const pingEveryBeats = 10
const maxClientMessageBytes = 16 << 10
const policyViolation = 1008
const goingAway = 1001
/** Addresses remembered at most. */
const maxToldApart = 10_000

interface Connection {
  readonly socket: WebSocket
  readonly address: string
  isAlive: boolean
  hasJoined: boolean
  /** Whether it was there at the last ping. */
  isSettled: boolean
}

const refuse = (socket: Duplex, status: string, reason: string) => {
  const body = `${reason}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`
  )
}

/** Serves the feed on `server`'s port until the scope closes. */
export const attach = Effect.fn("FeedServer.attach")(function* (
  server: UpgradingServer,
  options: FeedServerOptions
): Effect.fn.Return<FeedServer, never, Scope.Scope> {
  const hub = new FeedHub(options)
  const connections = new Set<Connection>()
  const log = yield* FiberSet.makeRuntime()
  let refused = 0
  if (Option.isNone(options.token))
    yield* Effect.logWarning(
      "the feed is open to anybody who reaches its port; set EVENKEEL_TOKEN or EVENKEEL_TOKEN_FILE"
    )

  const upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxClientMessageBytes
  })

  /** A router of a release too far from ours comes again and again: it is told of once. */
  const toldApart = new Set<string>()
  const refuseApart = ({ address, socket }: Connection, apart: Protocol.FeedReleasesApart) => {
    if (!toldApart.has(address)) log(Effect.logWarning(apart.message))
    if (toldApart.size < maxToldApart) toldApart.add(address)
    socket.close(policyViolation, `no version in common: the feed's protocol here is ${apart.ours}`)
  }

  const onMessage = (connection: Connection, text: string) => {
    const decoded = Protocol.decodeClientMessage(text, connection.address)
    if (Either.isLeft(decoded)) {
      log(Effect.logWarning(decoded.left.message))
      connection.socket.close(policyViolation, "malformed message")
    } else if (decoded.right !== undefined && !connection.hasJoined) {
      const common = Protocol.commonProtocol(decoded.right, `the router at ${connection.address}`)
      if (Either.isLeft(common)) return refuseApart(connection, common.left)
      connection.hasJoined = true
      const { socket } = connection
      const peer = {
        get bufferedAmount() {
          return socket.bufferedAmount
        },
        send: (frame: Buffer) => socket.send(frame, { binary: false }),
        terminate: () => socket.terminate()
      }
      socket.once("close", () => hub.leave(peer))
      hub.join(peer, decoded.right.resume)
      const who = { node: decoded.right.node, address: connection.address }
      log(Effect.logDebug("a router joined the feed").pipe(Effect.annotateLogs(who)))
    }
  }

  const onConnection = (socket: WebSocket, address: string) => {
    const connection: Connection = { socket, address, isAlive: true, hasJoined: false, isSettled: false }
    connections.add(connection)
    socket.on("close", () => connections.delete(connection))
    // `close` follows every error; the reason concerns the router's side.
    socket.on("error", () => undefined)
    socket.on("pong", () => (connection.isAlive = true))
    socket.on("message", (bytes) => onMessage(connection, String(bytes)))
    const { hostname, instance, node } = options
    const hello = { type: "hello", ...Protocol.ownProtocols, instance, node, hostname } as const
    socket.send(Protocol.encodeServerMessage(hello))
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const address = request.socket.remoteAddress ?? "unknown"
    socket.on("error", () => undefined)
    if ((request.url ?? "").split("?")[0] !== Protocol.path)
      return refuse(socket, "404 Not Found", `the feed is at ${Protocol.path}`)
    if (Option.isSome(options.token) && !BearerToken.matches(options.token.value, request.headers.authorization)) {
      refused++
      if (refused === 1)
        log(
          Effect.logWarning("refused a router whose token is not ours; both need the same EVENKEEL_TOKEN").pipe(
            Effect.annotateLogs({ address })
          )
        )
      return refuse(socket, "401 Unauthorized", "the token is missing or wrong")
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket) => onConnection(webSocket, address))
  }

  const ping = () => {
    for (const connection of connections) {
      if (connection.isSettled && !(connection.isAlive && connection.hasJoined)) connection.socket.terminate()
      connection.isSettled = true
      connection.isAlive = false
      connection.socket.ping()
    }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => server.on("upgrade", onUpgrade)),
    () =>
      Effect.sync(() => {
        server.off("upgrade", onUpgrade)
        for (const { socket } of connections) {
          socket.close(goingAway, "the rebalancer stops")
          socket.terminate()
        }
        upgrades.close()
      })
  )
  const take = (reading: FeedReading) =>
    Effect.map(Clock.currentTimeMillis, (now) => hub.record(reading, now)).pipe(
      // One table that cannot be told (an index that is no integer, say) must not silence the feed for good.
      Effect.catchAllDefect((defect) => Effect.logError("a table could not be sent to the routers", defect))
    )
  yield* Effect.forkScoped(Stream.runForEach(options.readings, take))
  let beats = 0
  const beat = Effect.map(Clock.currentTimeMillis, (now) => {
    hub.heartbeat(now)
    if (++beats % pingEveryBeats === 0) ping()
  })
  const beatMillis = options.heartbeatMillis ?? Protocol.heartbeatMillis
  yield* Effect.forkScoped(Effect.schedule(beat, Schedule.spaced(beatMillis)))
  return { stats: Effect.sync(() => ({ ...hub.stats(), refused })) }
})
