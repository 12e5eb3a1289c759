import { describe, expect, it } from "@effect/vitest"
import { NodeId } from "@evenkeel/domain/Ids"
import { RouterPeer } from "@evenkeel/domain/RoutingTable"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Heartbeat from "../src/Heartbeat.ts"
import * as Packet from "../src/HeartbeatPacket.ts"

const token = Option.some(Redacted.make("s3cret"))
const node = (text: string) => NodeId.make(text)
const packet: Packet.HeartbeatPacket = { kind: "beat", node: node("n1"), start: "x", sequence: 7 }

describe("HeartbeatPacket", () => {
  it("comes back as it was sent, with and without a token", () => {
    for (const key of [token, Option.none()]) {
      expect(Packet.decode(Packet.encode(packet, key), key)).toEqual(Option.some(packet))
      const bye = { ...packet, kind: "bye" } as const
      expect(Packet.decode(Packet.encode(bye, key), key)).toEqual(Option.some(bye))
    }
  })

  it("is refused under another token, altered, without a token, or as noise", () => {
    const good = Packet.encode(packet, token)
    const altered = Buffer.from(good.toString().replace(" n1 ", " n2 "))
    const bad = [
      Packet.encode(packet, Option.some(Redacted.make("guess"))),
      altered,
      Packet.encode(packet, Option.none())
    ]
    for (const datagram of [...bad, Buffer.from("hello"), Buffer.alloc(0), Buffer.alloc(2_000, "x")])
      expect(Packet.decode(datagram, token)).toEqual(Option.none())
    expect(Packet.decode(good, Option.none())).toEqual(Option.none())
  })

  it("is understood as release 0.1 sent it, and as a later one may", () => {
    const kept = Option.some(Redacted.make("kept-token"))
    const sent = [
      "evenkeel1 beat node1 mDk2XbE0sYpR 41 FChuhIFFC6KaERzOoRKHYgYZB4wgjktAoIKQK166hL4",
      "evenkeel1 bye node1 mDk2XbE0sYpR 42 dvpnfdMW_lnEoY-5NbVxHuNbrNw73U2sdF99LtJLhEc"
    ]
    const [beat, bye] = sent.map((text) => Option.getOrThrow(Packet.decode(Buffer.from(text), kept)))
    const run = { node: node("node1"), start: "mDk2XbE0sYpR" }
    expect([beat, bye]).toEqual([
      { ...run, kind: "beat", sequence: 41 },
      { ...run, kind: "bye", sequence: 42 }
    ])
    expect([beat, bye].map((one) => Packet.encode(one ?? packet, kept).toString())).toEqual(sent)
    const later = (text: string) => Packet.decode(Buffer.from(`${text} -`), Option.none())
    expect(later("evenkeel1 beat n1 x 7 load=0.5 more")).toEqual(Option.some(packet))
    expect(later("evenkeel1 busy n1 x 7")).toEqual(Option.some(packet))
    expect(later("evenkeel2 beat n1 x 7")).toEqual(Option.none())
    const altered = sent[0]?.replace(" 41 ", " 41 more ") ?? ""
    expect(Packet.decode(Buffer.from(altered), kept)).toEqual(Option.none())
  })

  it("is fresh once in a run", () => {
    const last = new Map([[packet.node, packet]])
    expect(Packet.isFresh(last, packet)).toBe(false)
    expect(Packet.isFresh(last, { ...packet, sequence: 6 })).toBe(false)
    expect(Packet.isFresh(last, { ...packet, sequence: 8 })).toBe(true)
    expect(Packet.isFresh(last, { ...packet, start: "y", sequence: 1 })).toBe(true)
    expect(Packet.isFresh(new Map(), packet)).toBe(true)
  })
})

/** Routers on one machine: as all share a port, each has a loopback address of its own. */
const router = (name: string, host: string, port: number, peers: ReadonlyArray<RouterPeer>, key = token) =>
  Heartbeat.make({
    node: node(name),
    host,
    port,
    token: key,
    peers: Effect.succeed(peers),
    onJudged: () => Effect.void
  })

const eventually = <A>(ask: Effect.Effect<A>, holds: (value: A) => boolean) =>
  ask.pipe(Effect.filterOrFail(holds), Effect.retry(Schedule.spaced(20)))

describe("Heartbeat", { timeout: 20_000 }, () => {
  const peers = [1, 2, 3].map((i) => new RouterPeer({ node: node(`n${i}`), address: `127.0.7.${i}` }))

  it.scopedLive("hears its peers, finds a dead one silent, and takes a stopped one for stopped", () =>
    Effect.gen(function* () {
      const first = yield* router("n1", "127.0.7.1", 0, [])
      const { port } = first
      const judged = yield* Ref.make<ReadonlyArray<string>>([])
      const watcher = yield* Heartbeat.make({
        node: node("n2"),
        host: "127.0.7.2",
        port,
        token,
        peers: Effect.succeed(peers),
        onJudged: ({ silent }) => Ref.set(judged, [...silent])
      })
      const alive = yield* router("n3", "127.0.7.3", port, peers)
      // n1 knows no peers, so that it sends nothing: a router that was never heard.
      yield* eventually(watcher.stats, ({ received }) => received >= 3)
      expect(yield* Ref.get(judged)).toEqual([])
      expect((yield* alive.stats).received).toBeGreaterThan(0)
      const heardAt = (yield* watcher.stats).silence.heardAtMillis
      expect([heardAt.get(node("n1")), heardAt.get(node("n2"))]).toEqual([null, undefined])

      // Another n1 beats to the watcher and dies without a word; its farewell goes elsewhere.
      const audience = yield* Ref.make<ReadonlyArray<RouterPeer>>(peers)
      const scope = yield* Scope.make()
      yield* Scope.extend(
        Heartbeat.make({
          node: node("n1"),
          host: "127.0.7.9",
          port,
          token,
          peers: Ref.get(audience),
          onJudged: () => Effect.void
        }),
        scope
      )
      yield* eventually(watcher.stats, ({ silence }) => typeof silence.heardAtMillis.get(node("n1")) === "number")
      yield* Ref.set(audience, [])
      yield* Scope.close(scope, Exit.void)
      yield* eventually(Ref.get(judged), (silent) => silent.join() === "n1")
    })
  )

  it.scopedLive("forgets a peer that says goodbye", () =>
    Effect.gen(function* () {
      const watcher = yield* router("n2", "127.0.7.2", 0, peers)
      const scope = yield* Scope.make()
      yield* Scope.extend(router("n3", "127.0.7.3", watcher.port, peers), scope)
      yield* eventually(watcher.stats, ({ silence }) => typeof silence.heardAtMillis.get(node("n3")) === "number")
      yield* Scope.close(scope, Exit.void)
      yield* eventually(watcher.stats, ({ silence }) => silence.heardAtMillis.get(node("n3")) === null)
    })
  )

  it.scopedLive("counts and ignores what does not carry its token", () =>
    Effect.gen(function* () {
      const watcher = yield* router("n2", "127.0.7.2", 0, peers)
      yield* router("n3", "127.0.7.3", watcher.port, peers, Option.some(Redacted.make("guess")))
      const { received } = yield* eventually(watcher.stats, ({ rejected }) => rejected > 0)
      expect(received).toBe(0)
    })
  )

  it.scopedLive("fails by name where its port is taken", () =>
    Effect.gen(function* () {
      const { port } = yield* router("n1", "127.0.7.1", 0, [])
      const error = yield* Effect.flip(router("n1", "127.0.7.1", port, []))
      expect(error.message).toContain(`UDP 127.0.7.1:${port} (EADDRINUSE)`)
    })
  )
})
