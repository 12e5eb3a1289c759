import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { WebSocket } from "ws"
import * as Protocol from "../src/FeedProtocol.ts"
import { eventually, nodeId, reading, server, service, table } from "./feed.fixture.ts"

const routers = 1_000
const others = Array.from({ length: 200 }, (_, i) => service(`other-${i}`, ["10.0.1.1", "10.0.1.2"]))
const tableOf = (...addresses: ReadonlyArray<string>) => table(service("web", addresses), ...others)

/** A router as light as it gets: it counts what it is sent. */
const subscribe = (url: string) => {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const got = { tables: 0, deltas: 0, bytes: 0, sequence: 0 }
  socket.on("open", () =>
    socket.send(Protocol.encodeClientMessage({ type: "hello", protocol: 1, node: nodeId("router") }))
  )
  socket.on("error", () => undefined)
  socket.on("message", (bytes: Buffer) => {
    const start = bytes.toString("utf8", 0, 400)
    if (start.startsWith('{"type":"table"')) got.tables++
    else if (start.startsWith('{"type":"delta"')) got.deltas++
    else return
    got.bytes += bytes.length
    got.sequence = Number(/"sequence":(\d+)/.exec(start)?.[1])
  })
  return { got, close: () => socket.terminate() }
}

describe("one rebalancer", { timeout: 60_000 }, () => {
  it.scopedLive("feeds a thousand routers: each the table once, then every change as a delta, in order", () =>
    Effect.gen(function* () {
      const feed = yield* server()
      yield* feed.read(reading(tableOf("10.0.0.1"), 10))
      const all = yield* Effect.acquireRelease(
        Effect.sync(() => Array.from({ length: routers }, () => subscribe(feed.url))),
        (subscribed) => Effect.sync(() => subscribed.forEach(({ close }) => close()))
      )
      const at = (sequence: number) =>
        eventually(
          Effect.sync(() => all.filter(({ got }) => got.sequence === sequence).length),
          (count) => count === routers
        )
      yield* at(1)
      expect((yield* feed.stats).routers).toBe(routers)
      const tableBytes = all[0]?.got.bytes ?? 0
      for (let i = 2; i <= 6; i++) yield* feed.read(reading(tableOf("10.0.0.1", `10.0.0.${i}`), 10 + i))
      yield* at(6)
      for (const { got } of all) expect([got.tables, got.deltas]).toEqual([1, 5])
      // Five changes of one service of 201 cost less than a tenth of the table.
      expect((all[0]?.got.bytes ?? 0) - tableBytes).toBeLessThan(tableBytes / 10)
      expect((yield* feed.stats).slowRoutersCut).toBe(0)
    })
  )
})
