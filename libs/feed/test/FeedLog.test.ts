import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FeedLog from "../src/FeedLog.ts"
import { FeedHub } from "../src/FeedHub.ts"
import * as Protocol from "../src/FeedProtocol.ts"
import { reading, service, table } from "./feed.fixture.ts"

const decoded = (frame: string) => {
  const message = Either.getOrThrow(Protocol.decodeServerMessage(frame, "test"))
  if (message === undefined) throw new Error("unknown message")
  return message
}

const padding = Array.from({ length: 20 }, (_, i) => service(`other-${i}`, ["10.0.1.1"]))
const tables = Array.from({ length: 2 }, (_, i) => table(service("web", [`10.0.0.${i}`]), ...padding))

const logOf = (count: number, historyLimit?: number) =>
  Array.from({ length: count }, (_, i) => reading(table(service("web", [`10.0.0.${i}`]), ...padding), 10 + i)).reduce(
    (log, one) => FeedLog.record(log, one).log,
    FeedLog.empty("me", historyLimit)
  )

const kinds = (frames: ReadonlyArray<string>) =>
  frames.map(decoded).map((m) => (m.type === "delta" ? `${m.from}→${m.version.sequence}` : m.type))

describe("FeedLog.record", () => {
  it("keeps its sequence while the table stays the same, and moves the rest of the version", () => {
    const first = FeedLog.record(FeedLog.empty("me"), reading(table(service("a")), 5))
    const second = FeedLog.record(first.log, reading(table(service("a")), 7))
    expect(second.frame).toBeNull()
    expect(second.log.latest?.version).toEqual({
      instance: "me",
      sequence: 1,
      raftIndex: 7,
      quorum: true,
      confirmedAtMillis: 1_007
    })
  })

  it("does not confirm what was read without a quorum, and never lowers the raft index", () => {
    const first = FeedLog.record(FeedLog.empty("me"), reading(table(), 9))
    const second = FeedLog.record(first.log, reading(table(service("a")), 3, false))
    expect(second.log.latest?.version).toEqual({
      instance: "me",
      sequence: 2,
      raftIndex: 9,
      quorum: false,
      confirmedAtMillis: 1_009
    })
  })
})

describe("the history", () => {
  it("is bounded by its length too, but always has the last change", () => {
    const many = (change: number) => Array.from({ length: 9_000 }, (_, i) => `10.${change}.${i >> 8}.${i & 255}`)
    const log = Array.from({ length: 9 }, (_, i) => reading(table(service("web", many(i))), 10 + i)).reduce(
      (before, one) => FeedLog.record(before, one).log,
      FeedLog.empty("me")
    )
    const lengths = log.deltas.map(({ text }) => text.length)
    expect(lengths.length).toBeLessThan(8)
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(4 << 20)
    expect(log.deltas.at(-1)?.sequence).toBe(9)
  })
})

describe("FeedLog.catchUp", () => {
  it.each([
    ["a router that knows nothing gets the table", undefined, ["table"]],
    ["a router of another instance gets the table", { instance: "other", sequence: 3 }, ["table"]],
    ["a router ahead of us gets the table", { instance: "me", sequence: 9 }, ["table"]],
    ["a router up to date gets a heartbeat", { instance: "me", sequence: 6 }, ["heartbeat"]],
    ["a router behind gets what it missed", { instance: "me", sequence: 4 }, ["4→5", "5→6", "heartbeat"]],
    ["a router behind the history gets the table", { instance: "me", sequence: 1 }, ["table"]]
  ])("%s", (_, resume, expected) => {
    expect(kinds(FeedLog.catchUp(logOf(6, 4), resume))).toEqual(expected)
  })

  it("prefers the table where the changes are longer", () => {
    const one = (i: number) => reading(table(service("web", [`10.0.0.${i}`])), i)
    const log = [1, 2, 3, 4, 5, 6].map(one).reduce((before, r) => FeedLog.record(before, r).log, FeedLog.empty("me"))
    expect(kinds(FeedLog.catchUp(log, { instance: "me", sequence: 1 }))).toEqual(["table"])
    expect(kinds(FeedLog.catchUp(log, { instance: "me", sequence: 5 }))).toEqual(["5→6", "heartbeat"])
  })

  it("says so while nothing was read", () => {
    expect(FeedLog.catchUp(FeedLog.empty("me"), undefined).map(decoded)).toEqual([{ type: "heartbeat", version: null }])
  })
})

describe("FeedHub", () => {
  const peer = (bufferedAmount: number) => {
    const frames: Array<Buffer> = []
    let terminated = false
    return {
      frames,
      isTerminated: () => terminated,
      bufferedAmount,
      send: (frame: Buffer) => void frames.push(frame),
      terminate: () => void (terminated = true)
    }
  }

  /** Its router reads nothing. */
  const unread = () => {
    let terminated = false
    return {
      bufferedAmount: 0,
      isTerminated: () => terminated,
      send(frame: Buffer) {
        this.bufferedAmount += frame.length
      },
      terminate: () => void (terminated = true)
    }
  }

  it("makes a frame once for all routers", () => {
    const hub = new FeedHub({ instance: "me" })
    const peers = Array.from({ length: 1_000 }, () => peer(0))
    hub.record(reading(tables[0] ?? table(), 1), 0)
    for (const one of peers) hub.join(one, undefined)
    hub.record(reading(tables[1] ?? table(), 2), 0)
    for (const one of peers) {
      expect(one.frames).toHaveLength(2)
      expect(one.frames[0]).toBe(peers[0]?.frames[0])
      expect(one.frames[1]).toBe(peers[0]?.frames[1])
    }
  })

  it("no longer claims a quorum when it has read nothing for a while, until it reads again", () => {
    const hub = new FeedHub({ instance: "me", staleAfterMillis: 5_000 })
    hub.record(reading(table(), 1), 1_000)
    const one = peer(0)
    hub.join(one, undefined)
    hub.heartbeat(5_999)
    hub.heartbeat(6_000)
    hub.record(reading(table(), 1), 7_000)
    hub.heartbeat(7_000)
    const claims = one.frames.map((frame) => decoded(String(frame)))
    expect(claims.map((m) => (m.type === "hello" ? null : m.version?.quorum))).toEqual([true, true, false, true])
    expect(claims.map((m) => (m.type === "hello" ? null : m.version?.sequence))).toEqual([1, 1, 1, 1])
  })

  it("refuses a reading that cannot be told, and keeps what it held", () => {
    const hub = new FeedHub({ instance: "me" })
    hub.record(reading(table(), 1), 0)
    expect(() => hub.record(reading(table(), 1.5), 0)).toThrow()
    hub.heartbeat(0)
    expect(hub.stats().version?.raftIndex).toBe(1)
  })

  it("cuts off a router with a backlog, and no other", () => {
    const hub = new FeedHub({ instance: "me", maxBufferedBytes: 100 })
    const slow = unread()
    const quick = peer(100)
    hub.join(slow, undefined)
    hub.join(quick, undefined)
    for (let beat = 0; beat < 20 && !slow.isTerminated(); beat++) hub.heartbeat(0)
    expect([slow.isTerminated(), quick.isTerminated()]).toEqual([true, false])
    expect(hub.stats()).toMatchObject({ routers: 1, slowRoutersCut: 1 })
    expect(slow.bufferedAmount).toBeGreaterThan(100)
  })

  it("does not count what a router is given when it joins as backlog", () => {
    const hub = new FeedHub({ instance: "me", maxBufferedBytes: 100 })
    hub.record(reading(table(), 1), 0)
    const slow = unread()
    hub.join(slow, undefined)
    expect(slow.bufferedAmount).toBeGreaterThan(100)
    hub.heartbeat(0)
    expect(slow.isTerminated()).toBe(false)
  })
})
