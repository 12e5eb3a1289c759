import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as FeedSubscription from "../src/FeedSubscription.ts"
import { nodeId, reading, server, service, table, until } from "./feed.fixture.ts"

const tableOf = (...addresses: ReadonlyArray<string>) => table(service("web", addresses))
const options = { node: nodeId("router-1"), token: Option.none() }

describe("FeedSubscription", { timeout: 20_000 }, () => {
  it.scopedLive("takes the later of two tables, and keeps the last good one when all are gone", () =>
    Effect.gen(function* () {
      const scopes = [yield* Scope.make(), yield* Scope.make()] as const
      const behind = yield* Scope.extend(server({ instance: "behind", heartbeatMillis: 20 }), scopes[0])
      const ahead = yield* Scope.extend(server({ instance: "ahead", heartbeatMillis: 20 }), scopes[1])
      yield* behind.read(reading(tableOf("10.0.0.1"), 10))
      const view = yield* FeedSubscription.make({ ...options, urls: [behind.url, ahead.url] })
      const first = yield* until(view, ({ table }) => table !== null)
      expect(first).toMatchObject({ source: behind.url, table: tableOf("10.0.0.1") })

      yield* ahead.read(reading(tableOf("10.0.0.2"), 11))
      const second = yield* until(view, ({ version }) => version?.instance === "ahead")
      expect(second.table).toEqual(tableOf("10.0.0.2"))

      for (const scope of scopes) yield* Scope.close(scope, Exit.void)
      const alone = yield* until(view, ({ sources }) => sources.every(({ connected }) => !connected))
      expect(alone.table).toBe(second.table)
      expect(alone.sources).toHaveLength(2)
    })
  )

  it.scopedLive("outranks a feed that lost its quorum", () =>
    Effect.gen(function* () {
      const cutOff = yield* server({ instance: "cut-off", heartbeatMillis: 20 })
      const whole = yield* server({ instance: "whole", heartbeatMillis: 20 })
      yield* cutOff.read(reading(tableOf("10.0.0.1"), 10))
      const view = yield* FeedSubscription.make({ ...options, urls: [cutOff.url, whole.url] })
      yield* until(view, ({ version }) => version?.instance === "cut-off")
      yield* whole.read(reading(tableOf("10.0.0.1"), 10))
      yield* until(view, ({ sources }) => sources.every(({ version }) => version !== null))
      yield* cutOff.read(reading(tableOf("10.0.0.1"), 10, false))
      const after = yield* until(view, ({ version }) => version?.instance === "whole")
      expect(after.source).toBe(whole.url)
    })
  )

  it.scopedLive("follows a name to its addresses, and forgets one that is no longer listed and gone", () =>
    Effect.gen(function* () {
      const gone = yield* Scope.make()
      const first = yield* Scope.extend(server({ instance: "first", heartbeatMillis: 20 }), gone)
      yield* first.read(reading(tableOf("10.0.0.1"), 10))
      const listed = yield* Ref.make<ReadonlyArray<string>>(["127.0.0.1"])
      const resolve: FeedSubscription.Resolve = (name) =>
        Effect.flatMap(Ref.get(listed), (addresses) =>
          addresses.length > 0
            ? Effect.succeed(addresses)
            : Effect.fail(new FeedSubscription.RebalancersUnresolved({ name, reason: "ENOTFOUND" }))
        )
      const dns = { name: "tasks.rebalancer", port: first.port, resolve }
      const view = yield* FeedSubscription.make({ ...options, urls: [], dns })
      yield* until(view, ({ version }) => version?.instance === "first")

      // No answer at all is no news: the address stays. Another answer without it makes it go, its table stays.
      yield* Ref.set(listed, [])
      yield* Scope.close(gone, Exit.void)
      const lost = yield* until(view, ({ sources }) => sources.some(({ connected }) => !connected))
      expect(lost.sources.map(({ url }) => url)).toEqual([first.url])
      yield* Ref.set(listed, ["127.0.0.2"])
      const after = yield* until(view, ({ sources }) => !sources.some(({ url }) => url === first.url))
      expect(after.table).toEqual(tableOf("10.0.0.1"))
    })
  )
})

describe("a table to begin with", { timeout: 20_000 }, () => {
  const version = { instance: "of old", sequence: 7, raftIndex: 10, quorum: true, confirmedAtMillis: 1_000 }
  const kept = { source: "/var/lib/table.json", version, table: tableOf("10.0.0.7") }
  const fallback = (afterMillis: number) => ({ afterMillis, read: Effect.succeed(Option.some(kept)) })

  it.scopedLive("is in force while no feed gives one, and gives way to the first that is not behind it", () =>
    Effect.gen(function* () {
      const behind = yield* server({ instance: "behind", heartbeatMillis: 20 })
      const feed = yield* server({ instance: "new", heartbeatMillis: 20 })
      const view = yield* FeedSubscription.make({ ...options, urls: [behind.url, feed.url], fallback: fallback(10) })
      const first = yield* until(view, ({ table }) => table !== null)
      expect(first).toMatchObject({ source: kept.source, version: { instance: "of old" }, table: kept.table })
      yield* behind.read(reading(tableOf("10.0.0.1"), 9))
      yield* until(view, ({ sources }) => sources.some(({ version }) => version?.instance === "behind"))
      expect((yield* view.get).source).toBe(kept.source)
      yield* feed.read(reading(tableOf("10.0.0.2"), 10))
      expect((yield* until(view, ({ source }) => source === feed.url)).table).toEqual(tableOf("10.0.0.2"))
    })
  )

  it.scoped("is not read where a feed was quicker", () =>
    Effect.gen(function* () {
      const feed = yield* server({ instance: "new", heartbeatMillis: 20 })
      yield* feed.read(reading(tableOf("10.0.0.2"), 1))
      const isRead = yield* Ref.make(false)
      const read = Effect.as(Ref.set(isRead, true), Option.some(kept))
      const view = yield* FeedSubscription.make({
        ...options,
        urls: [feed.url],
        fallback: { afterMillis: 1_500, read }
      })
      yield* until(view, ({ table }) => table !== null)
      yield* TestClock.adjust(1_600)
      expect(yield* Ref.get(isRead)).toBe(false)
    })
  )
})
