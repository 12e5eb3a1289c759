import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import type { FeedReading } from "../src/FeedLog.ts"
import * as FeedServer from "../src/FeedServer.ts"
import * as FeedSubscription from "../src/FeedSubscription.ts"
import { nodeId, reading, service, table, until } from "./feed.fixture.ts"

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "fixtures/tls", name), "utf8")
const authorities = fixture("rebalancer.crt")
const options = { node: nodeId("router-1"), token: Option.none() }

const secureServer = Effect.gen(function* () {
  const https = yield* Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const created = createServer({ cert: authorities, key: fixture("rebalancer.key") })
      created.listen(0, "127.0.0.1", () => resume(Effect.succeed(created)))
    }),
    (created) => Effect.async<void>((resume) => void created.close(() => resume(Effect.void)))
  )
  const readings = yield* Queue.unbounded<FeedReading>()
  yield* FeedServer.attach(https, {
    instance: "secure",
    node: nodeId("m1"),
    hostname: "m1",
    token: Option.none(),
    readings: Stream.fromQueue(readings)
  })
  yield* Queue.offer(readings, reading(table(service("web")), 10))
  return (https.address() as AddressInfo).port
})

describe("the feed over TLS", { timeout: 20_000 }, () => {
  it.scopedLive("is followed where the certificate holds for the name, by URL and by DNS", () =>
    Effect.gen(function* () {
      const port = yield* secureServer
      const tls = { authorities, name: "rebalancer" }
      const byUrl = yield* FeedSubscription.make({ ...options, tls, urls: [`wss://127.0.0.1:${port}/feed`] })
      expect((yield* until(byUrl, (view) => view.table !== null)).version?.instance).toBe("secure")
      const resolve: FeedSubscription.Resolve = () => Effect.succeed(["127.0.0.1"])
      const dns = { name: "tasks.rebalancer", port, secure: true, resolve }
      const byName = yield* FeedSubscription.make({ ...options, tls, urls: [], dns })
      expect((yield* until(byName, (view) => view.table !== null)).source).toBe(`wss://127.0.0.1:${port}/feed`)
    })
  )

  it.scopedLive("is refused for another name, and from an authority that is not known", () =>
    Effect.gen(function* () {
      const port = yield* secureServer
      const urls = [`wss://127.0.0.1:${port}/feed`]
      const good = yield* FeedSubscription.make({ ...options, urls, tls: { authorities, name: "rebalancer" } })
      const wrong = [{ authorities, name: "other" }, { name: "rebalancer" }]
      const refused = yield* Effect.forEach(wrong, (tls) => FeedSubscription.make({ ...options, urls, tls }))
      yield* until(good, (view) => view.table !== null)
      yield* Effect.forEach(refused, (view) => until(view, ({ sources }) => sources.length === 1))
      for (const view of refused) expect((yield* view.get).table).toBe(null)
    })
  )
})
