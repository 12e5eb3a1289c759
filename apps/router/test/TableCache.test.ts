import { describe, expect, it } from "@effect/vitest"
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { Endpoint, Route, RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/TestClock"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as RouterConfig from "../src/RouterConfig.ts"
import * as TableCache from "../src/TableCache.ts"
import * as TableCheck from "../src/TableCheck.ts"
import * as TableSource from "../src/TableSource.ts"
import type { TableView } from "../src/TableView.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "evenkeel-cache-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const endpoint = (task: string, address: string, state: "ready" | "draining" = "ready") =>
  new Endpoint({ task: TaskId.make(task), node: NodeId.make("n1"), slot: 1, address, port: 80, state })

const service = (name: string, ...endpoints: ReadonlyArray<Endpoint>) =>
  new RoutedService({
    id: ServiceId.make(`id-${name}`),
    name,
    group: null,
    scheme: "http",
    loadBalancing: "ewma",
    retries: 2,
    timeouts: { connectMillis: 1, firstByteMillis: 1, idleMillis: 1, totalMillis: 0 },
    holdMillis: 0,
    endpoints
  })

const table = (...services: ReadonlyArray<RoutedService>) =>
  new RoutingTable({
    services,
    routes: services.map(
      ({ id, name }) => new Route({ host: name, path: "/", strip: false, target: name, holdMillis: 0, services: [id] })
    ),
    routers: [],
    problems: []
  })

const view = (of: RoutingTable, confirmedAtMillis: number, source = "ws://m1/feed"): TableView => ({
  table: of,
  version: { instance: "i", sequence: 1, raftIndex: 9, quorum: true, confirmedAtMillis },
  source,
  sources: []
})

const addresses = ({ services }: RoutingTable) => services.map(({ endpoints }) => endpoints.map((one) => one.address))

/** In real time, whatever the test's clock says: files are written by the system. */
const eventually = (holds: () => boolean) =>
  Effect.sync(holds).pipe(
    Effect.repeat({ until: (held) => held, schedule: Schedule.spaced(5) }),
    Effect.withClock(Clock.make())
  )

const confirmedIn = (file: string): number =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")).version.confirmedAtMillis as number) : -1

describe("TableCache", { timeout: 20_000 }, () => {
  it.scoped("keeps what is in force, and gives it back until it is too old", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "table.json")
      const web = table(service("web", endpoint("t1", "10.0.0.1")))
      const views = yield* SubscriptionRef.make<TableView>(view(web, 1_000))
      yield* TableCache.keep(file, views)
      yield* eventually(() => confirmedIn(file) === 1_000)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(Option.getOrThrow(yield* TableCache.read(file, 60_000)).table).toEqual(web)
      yield* TestClock.adjust(61_000)
      yield* TestClock.adjust(1)
      expect(yield* TableCache.read(file, 60_000)).toEqual(Option.none())
    })
  )

  it.scoped("writes a changed table after a pause, a mere confirmation each half minute, and nothing it has read", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const file = join(folder, "table.json")
      const web = table(service("web", endpoint("t1", "10.0.0.1")))
      const views = yield* SubscriptionRef.make<TableView>(view(web, 1))
      yield* TableCache.keep(file, views)
      yield* eventually(() => confirmedIn(file) === 1)
      yield* SubscriptionRef.set(views, view(web, 20_000))
      yield* TestClock.adjust(20_000)
      expect(confirmedIn(file)).toBe(1)
      yield* SubscriptionRef.set(views, view(web, 30_001))
      yield* TestClock.adjust(10_000)
      yield* eventually(() => confirmedIn(file) === 30_001)
      const other = table(service("other"))
      yield* SubscriptionRef.set(views, view(other, 30_002))
      yield* TestClock.adjust(5_000)
      yield* eventually(() => confirmedIn(file) === 30_002)
      yield* SubscriptionRef.set(views, view(table(), 30_003, file))
      yield* TestClock.adjust(31_000)
      expect(confirmedIn(file)).toBe(30_002)
      expect(readdirSync(folder)).toEqual(["table.json"])
    })
  )

  it.scoped("takes no file for no table, and a broken one for none", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "table.json")
      expect(yield* TableCache.read(file, 1_000)).toEqual(Option.none())
      writeFileSync(file, '{"version":')
      expect(yield* TableCache.read(file, 1_000)).toEqual(Option.none())
    })
  )
})

describe("TableCheck", { timeout: 20_000 }, () => {
  const web = service(
    "web",
    endpoint("t1", "10.0.0.1"),
    endpoint("t2", "10.0.0.2"),
    endpoint("t3", "10.0.0.3", "draining")
  )
  const api = service("api", endpoint("t4", "10.0.0.4"))
  const never = () => Effect.die("nobody connects where DNS knows")

  it.effect("keeps the addresses that Swarm's DNS lists for the service, also of those it knows nothing of", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const resolve = (name: string) =>
        Effect.sync(() => {
          asked.push(name)
          return name === "tasks.web" ? ["10.0.0.2", "10.0.0.4"] : []
        })
      const checked = yield* TableCheck.verified(table(web, api), { resolve, connects: never })
      expect(addresses(checked)).toEqual([["10.0.0.2"], []])
      expect(asked.toSorted()).toEqual(["tasks.api", "tasks.web"])
      expect(checked.routes).toHaveLength(2)
    })
  )

  it.effect("goes by who takes a connection where DNS does not know the Swarm, or does not answer", () =>
    Effect.gen(function* () {
      const connects = (address: string) => Effect.succeed(address !== "10.0.0.2")
      const unknown = yield* TableCheck.verified(table(web, api), { resolve: () => Effect.succeed([]), connects })
      expect(addresses(unknown)).toEqual([["10.0.0.1"], ["10.0.0.4"]])
      const resolve = (name: string) => Effect.succeed(name === "tasks.web" ? ["10.0.0.1"] : null)
      const half = yield* TableCheck.verified(table(web, api), { resolve, connects })
      expect(addresses(half)).toEqual([["10.0.0.1"], ["10.0.0.4"]])
    })
  )

  it.live("finds out by connecting", () =>
    Effect.gen(function* () {
      const server = createServer()
      const port = yield* Effect.async<number>((resume) => {
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
        })
      })
      expect(yield* TableCheck.system.connects("127.0.0.1", port)).toBe(true)
      yield* Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      expect(yield* TableCheck.system.connects("127.0.0.1", port)).toBe(false)
    })
  )
})

describe("a router that starts while no rebalancer can be reached", { timeout: 20_000 }, () => {
  it.scopedLive("begins with the table on disk, without the tasks that are gone", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "table.json")
      const config = yield* RouterConfig.load({
        EVENKEEL_FEED_URLS: "ws://127.0.0.1:1/feed",
        EVENKEEL_ROUTER_TABLE_CACHE: file
      })
      const before = yield* Scope.make()
      const kept = table(service("web", endpoint("t1", "10.0.0.1"), endpoint("t2", "10.0.0.2")))
      const views = yield* SubscriptionRef.make<TableView>(view(kept, yield* Clock.currentTimeMillis))
      yield* Scope.extend(TableCache.keep(file, views), before)
      yield* eventually(() => existsSync(file))
      yield* Scope.close(before, Exit.void)

      const resolve = () => Effect.succeed(["10.0.0.2"])
      const source = yield* TableSource.make(config, null, { resolve, connects: () => Effect.succeed(false) })
      const first = yield* Effect.fork(
        Stream.runHead(Stream.filter(source.changes, (one) => one.table !== null)).pipe(Effect.map(Option.getOrThrow))
      )
      const begun = yield* Fiber.join(first)
      expect(begun.source).toBe(file)
      expect(begun.table === null ? [] : addresses(begun.table)).toEqual([["10.0.0.2"]])
    })
  )
})
