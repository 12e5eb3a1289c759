/**
 * Frames as release 0.1 sent them, kept in `fixtures/wire/v1.json`: routers and rebalancers one release apart understand each
 * other. When the format gains something, another file is recorded beside this one; this one stays until protocol 1 goes.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { readFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { WebSocket, WebSocketServer } from "ws"
import * as Protocol from "../src/FeedProtocol.ts"
import { client, eventually, reading, server, service, table, until } from "./feed.fixture.ts"

type Json = Readonly<Record<string, unknown>>

const v1 = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/wire/v1.json"), "utf8")) as {
  readonly server: ReadonlyArray<string>
  readonly client: ReadonlyArray<string>
}
const typesOf = (frames: ReadonlyArray<string>) => frames.map((frame) => (JSON.parse(frame) as { type: string }).type)

/** What release 0.1 takes a default for where it is missing. */
const optional = new Set(["verifyName", "health", "hedge", "weights", "redirect", "order", "resume"])

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null

/** Where `after` lacks, or has otherwise, what was in `before`. */
const lost = (before: unknown, after: unknown, path = ""): ReadonlyArray<string> => {
  if (!isObject(before) || !isObject(after)) return before === after ? [] : [path]
  return Object.entries(before).flatMap(([key, value]) =>
    !(key in after) && optional.has(key) ? [] : lost(value, after[key], `${path}.${key}`)
  )
}

/** `value` with a field that no release knows, in every object of it. */
const withStrangeFields = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(withStrangeFields)
    : isObject(value)
      ? {
          ...Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withStrangeFields(v)])),
          strange: { deep: [1] }
        }
      : value
const stranger = (frame: string): string => JSON.stringify(withStrangeFields(JSON.parse(frame)))

/** A rebalancer that says what it is told to, word for word, to all but the first so many who connect. */
const rebalancerThatSays = (frames: ReadonlyArray<string>, turnedAway = 0) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly heard: Array<string>; readonly created: WebSocketServer }>(
      (resume) => {
        const created = new WebSocketServer({ port: 0, host: "127.0.0.1" })
        const heard: Array<string> = []
        let connections = 0
        created.on("connection", (socket) => {
          if (++connections <= turnedAway) return socket.terminate()
          socket.on("message", (bytes) => heard.push(String(bytes)))
          for (const frame of frames) socket.send(frame)
        })
        created.on("listening", () => {
          const url = `ws://127.0.0.1:${(created.address() as AddressInfo).port}/feed`
          resume(Effect.succeed({ url, heard, created }))
        })
      }
    ),
    ({ created }) =>
      Effect.sync(() => {
        for (const socket of created.clients) socket.terminate()
        created.close()
      })
  )

/** A router that says what it is told to, word for word; what it hears, and how it was ended. */
const routerThatSays = (url: string, frame: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const socket = new WebSocket(url)
      const heard: Array<string> = []
      const ended: Array<string> = []
      socket.on("open", () => socket.send(frame))
      socket.on("message", (bytes) => heard.push(String(bytes)))
      socket.on("close", (code, reason) => ended.push(`${code} ${String(reason)}`))
      socket.on("error", () => undefined)
      return { heard, ended, socket }
    }),
    ({ socket }) => Effect.sync(() => socket.terminate())
  )

describe("the feed of release 0.1", { timeout: 20_000 }, () => {
  it("is kept whole: every kind of frame", () => {
    expect(typesOf(v1.server)).toEqual(["hello", "heartbeat", "table", "delta", "heartbeat"])
    expect(typesOf(v1.client)).toEqual(["hello", "hello"])
  })

  it.scopedLive.each([
    ["as it was", v1.server],
    ["with fields and kinds of a later release", [...v1.server.map(stranger), '{"type":"weather","sky":"blue"}']]
  ] as const)("is followed by a router of this one, %s", ([, frames]) =>
    Effect.gen(function* () {
      const { url } = yield* rebalancerThatSays(frames)
      const { states } = yield* client(url)
      const state = yield* until(states, (now) => now?.held?.version.raftIndex === 110)
      expect(state?.server).toEqual({ node: "node1", hostname: "manager-1" })
      expect(state?.held?.table.services.map(({ id, endpoints }) => [id, endpoints.map(({ task }) => task)])).toEqual([
        ["svcapi", ["task3"]]
      ])
      expect(state?.held?.table.routes.map(({ host, target }) => [host, target])).toEqual([["*", "shop_api"]])
      expect(state).toMatchObject({ connected: true, tablesReceived: 1, deltasReceived: 1 })
    })
  )

  it.scopedLive("has its routers fed by a rebalancer of this one", () =>
    Effect.gen(function* () {
      const feed = yield* server({ heartbeatMillis: 20 })
      yield* feed.read(reading(table(service("web", ["10.0.0.1"])), 10))
      yield* eventually(feed.stats, ({ version }) => version !== null)
      const [fresh, resuming] = yield* Effect.forEach(v1.client, (hello) => routerThatSays(feed.url, stranger(hello)))
      for (const router of [fresh, resuming])
        yield* eventually(
          Effect.sync(() => typesOf(router?.heard ?? []).slice(0, 3)),
          (types) => types.join() === "hello,table,heartbeat"
        )
      expect((yield* feed.stats).routers).toBe(2)
    })
  )

  it.each(v1.server.map((frame) => [(JSON.parse(frame) as { type: string }).type, frame]))(
    "finds all it needs in what this one sends: %s",
    (_, frame) => {
      const message = Either.getOrThrow(Protocol.decodeServerMessage(frame, "x"))
      if (message === undefined) throw new Error("a kind of frame that this release does not know")
      expect(lost(JSON.parse(frame), JSON.parse(Protocol.encodeServerMessage(message)))).toEqual([])
    }
  )
})

describe("releases too far apart", { timeout: 20_000 }, () => {
  const hello = (frame: string | undefined, protocols: object) =>
    JSON.stringify({ ...JSON.parse(frame ?? ""), ...protocols })
  const far = { protocol: 9, oldest: 8 }

  it("agree on the newest version that both speak, or on none", () => {
    const common = (theirs: Protocol.Protocols, ours: Protocol.Protocols) =>
      Either.getOrNull(Protocol.commonProtocol(theirs, "x", ours))
    expect(common({ protocol: 1 }, { protocol: 1, oldest: 1 })).toBe(1)
    expect(common({ protocol: 1 }, { protocol: 2, oldest: 1 })).toBe(1)
    expect(common({ protocol: 3, oldest: 2 }, { protocol: 2, oldest: 1 })).toBe(2)
    expect(common({ protocol: 1 }, { protocol: 3, oldest: 2 })).toBe(null)
    expect(common({ protocol: 3, oldest: 2 }, { protocol: 1 })).toBe(null)
  })

  it.scopedLive("have the router turned away by the rebalancer, with the reason", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      yield* feed.read(reading(table(), 10))
      const router = yield* routerThatSays(feed.url, hello(v1.client[0], far))
      yield* eventually(
        Effect.sync(() => router.ended),
        (ended) => ended.length === 1
      )
      expect(router.ended).toEqual(["1008 no version in common: the feed's protocol here is 1"])
      expect(typesOf(router.heard)).not.toContain("table")
      const next = yield* routerThatSays(feed.url, hello(v1.client[0], { protocol: 2, oldest: 1 }))
      yield* eventually(
        Effect.sync(() => typesOf(next.heard)),
        (types) => types.includes("table")
      )
    })
  )

  it.scopedLive("have the router pass the rebalancer over, and say once which to update", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const collect = Logger.make(({ logLevel, message }) => {
        if (logLevel === LogLevel.Warning) warnings.push(String(message))
      })
      // An update: the old one goes, and what comes in its place is of another release.
      const { heard, url } = yield* rebalancerThatSays([hello(v1.server[0], far), ...v1.server.slice(1)], 2)
      const { states } = yield* Effect.provide(client(url), Logger.replace(Logger.defaultLogger, collect))
      // Having been refused, it comes again.
      yield* eventually(
        Effect.sync(() => heard.length),
        (count) => count >= 3
      )
      expect((yield* states.get)?.held ?? null).toBe(null)
      expect(warnings).toEqual([
        expect.stringContaining(url),
        `the rebalancer on manager-1 (${url}) speaks version 9 of the feed's protocol and we speak 1; update this end, one release at a time`
      ])
    })
  )
})
