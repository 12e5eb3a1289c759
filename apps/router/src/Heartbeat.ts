/**
 * Routers hear one another: a datagram every 300 ms to each router in the table, over the network that their nodes share, and
 * a farewell when this one stops. What silence means is decided by `NodeSilence`; this module owns the socket and the beat.
 * It runs in the data plane's process: when that stalls it neither sends nor judges.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { RouterPeer } from "@evenkeel/domain/RoutingTable"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { createSocket, type Socket } from "node:dgram"
import * as Packet from "./HeartbeatPacket.ts"
import * as NodeSilence from "./NodeSilence.ts"

/** Represents a UDP port that cannot be taken. */
export class HeartbeatPortUnavailable extends Schema.TaggedError<HeartbeatPortUnavailable>()(
  "HeartbeatPortUnavailable",
  {
    host: Schema.String,
    port: Schema.Int,
    reason: Schema.String
  }
) {
  override get message(): string {
    return `cannot listen for heartbeats on UDP ${this.host}:${this.port} (${this.reason}); free it or set EVENKEEL_ROUTER_HEARTBEAT_PORT on all routers`
  }
}

export interface HeartbeatOptions {
  readonly node: NodeId
  readonly host: string
  /** Ours and, as all routers share it, our peers'. With 0 the system chooses one, and it is taken to be theirs too. */
  readonly port: number
  readonly token: Option.Option<Redacted.Redacted>
  /** The routers of the table in force; our own node's is left out here. */
  readonly peers: Effect.Effect<ReadonlyArray<RouterPeer>>
  /** Called after every judgement, ten times a second. */
  readonly onJudged: (silence: NodeSilence.NodeSilence) => Effect.Effect<void>
}

export interface HeartbeatStats {
  readonly sent: number
  readonly received: number
  /** Not from a holder of our token, repeated, or no heartbeat at all. */
  readonly rejected: number
  readonly silence: NodeSilence.NodeSilence
}

export interface Heartbeat {
  readonly port: number
  readonly stats: Effect.Effect<HeartbeatStats>
}

const ticksPerBeat = 3
const tickMillis = NodeSilence.beatMillis / ticksPerBeat

const bind = ({ host, port }: HeartbeatOptions) =>
  Effect.async<Socket, HeartbeatPortUnavailable>((resume) => {
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", reuseAddr: false })
    const failed = (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new HeartbeatPortUnavailable({ host, port, reason: error.code ?? error.message })))
    socket.once("error", failed)
    socket.bind(port, host, () => {
      socket.off("error", failed)
      // Unreachable peers are told by their silence.
      socket.on("error", () => undefined)
      resume(Effect.succeed(socket))
    })
  })

/** Says nothing of failures: a peer that cannot be reached, or whose address is malformed, hears the same of us. */
const sendTo = (socket: Socket, datagram: Buffer, port: number, address: string) =>
  Effect.async<void>((resume) => {
    try {
      socket.send(datagram, port, address, () => resume(Effect.void))
    } catch {
      resume(Effect.void)
    }
  })

/** Beats and listens until the scope closes. */
export const make = Effect.fn("Heartbeat.make")(function* (
  options: HeartbeatOptions
): Effect.fn.Return<Heartbeat, HeartbeatPortUnavailable, Scope.Scope> {
  const { node, token } = options
  const clock = yield* Effect.clock
  const now = (): number => Number(clock.unsafeCurrentTimeNanos() / 1_000n) / 1_000
  const start = randomBytes(9).toString("base64url")
  const lastTaken = new Map<NodeId, { readonly start: string; readonly sequence: number }>()
  let silence = NodeSilence.empty
  let [sequence, sent, received, rejected] = [0, 0, 0, 0]

  const onDatagram = (datagram: Buffer) => {
    const packet = Option.getOrUndefined(Packet.decode(datagram, token))
    if (packet === undefined || !Packet.isFresh(lastTaken, packet)) {
      rejected++
      return
    }
    if (packet.node === node || !silence.heardAtMillis.has(packet.node)) return
    received++
    lastTaken.set(packet.node, packet)
    silence =
      packet.kind === "bye"
        ? NodeSilence.saidGoodbye(silence, packet.node)
        : NodeSilence.heard(silence, packet.node, now())
  }

  const others = Effect.map(options.peers, (peers) => peers.filter((peer) => peer.node !== node))
  const send = (socket: Socket, kind: Packet.HeartbeatPacket["kind"]) =>
    Effect.gen(function* () {
      const datagram = Packet.encode({ kind, node, start, sequence: ++sequence }, token)
      const peerPort = socket.address().port
      const peers = yield* others
      sent += peers.length
      yield* Effect.forEach(peers, ({ address }) => sendTo(socket, datagram, peerPort, address), {
        discard: true,
        concurrency: "unbounded"
      })
    })

  const socket = yield* Effect.acquireRelease(bind(options), (bound) =>
    send(bound, "bye").pipe(
      Effect.timeoutOption("200 millis"),
      Effect.ensuring(Effect.async<void>((resume) => void bound.close(() => resume(Effect.void))))
    )
  )
  socket.on("message", onDatagram)

  const judge = Effect.gen(function* () {
    const before = silence
    silence = NodeSilence.watch(
      silence,
      (yield* others).map((peer) => peer.node)
    )
    for (const known of lastTaken.keys()) if (!silence.heardAtMillis.has(known)) lastTaken.delete(known)
    silence = NodeSilence.tick(silence, now())
    if (silence.cutOff && !before.cutOff)
      yield* Effect.logWarning("no other router is heard: this node seems cut off; suspecting nobody")
    yield* options.onJudged(silence)
  })
  let ticks = 0
  const tick = Effect.suspend(() =>
    ticks++ % ticksPerBeat === 0 ? Effect.zipRight(send(socket, "beat"), judge) : judge
  )
  const beat = Effect.catchAllDefect(tick, (defect) => Effect.logError("a heartbeat failed", defect))
  yield* Effect.forkScoped(Effect.repeat(beat, Schedule.fixed(tickMillis)))
  return { port: socket.address().port, stats: Effect.sync(() => ({ sent, received, rejected, silence })) }
})
