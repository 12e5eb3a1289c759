/**
 * A program: a rebalancer's feed alone, in a process of its own so that what it costs can be measured. The same server code as
 * the rebalancer's; only the table is made up. `node FeedProgram.ts SERVICES`, started with a channel for `Order`s.
 */
import { NodeId } from "@evenkeel/domain/Ids"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as FeedServer from "@evenkeel/feed/FeedServer"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as http from "node:http"
import { tableOf } from "../router/Tables.ts"

/** `change`: this many services get another task; `state`: how many routers there are, and how many were cut off. */
export type Order = { readonly change: number } | { readonly state: true }

export type Answer =
  | { readonly port: number }
  | { readonly state: { readonly routers: number; readonly cut: number; readonly sequence: number } }

const endpointsOfEach = 10
const services = Number(process.argv[2])

/** The table after `generation` changes of the first `moving` services. */
const tableAfter = (generation: number, moving: number): RoutingTable =>
  tableOf(
    Array.from({ length: services }, (_, service) => ({
      name: `service-${service}`,
      host: `service-${service}.example`,
      tasks: Array.from({ length: endpointsOfEach }, (__, slot) => ({
        task: `task-${service}-${slot}-${slot === 0 && service < moving ? generation : 0}`,
        node: `node-${(service * endpointsOfEach + slot) % 1_000}`,
        host: `10.${service % 200}.${slot}.${service < moving ? generation % 250 : 1}`,
        port: 8_080
      }))
    }))
  )

const answer = (what: Answer): void => void process.send?.(what)

const program = Effect.gen(function* () {
  const server = yield* Effect.acquireRelease(
    Effect.async<http.Server>((resume) => {
      const created = http.createServer((_, response) => response.writeHead(404).end())
      created.listen({ port: 0, host: "127.0.0.1", backlog: 2_048 }, () => resume(Effect.succeed(created)))
    }),
    (created) => Effect.sync(() => void created.close())
  )
  const readings = yield* Queue.unbounded<{ readonly table: RoutingTable; readonly raftIndex: number }>()
  const feed = yield* FeedServer.attach(server, {
    instance: "measured",
    node: NodeId.make("manager-1"),
    hostname: "manager-1",
    token: Option.none(),
    readings: Stream.fromQueue(readings).pipe(
      Stream.map((reading) => ({ ...reading, quorum: true, readAtMillis: Date.now() }))
    )
  })
  let generation = 0
  const tell = (moving: number) =>
    readings.unsafeOffer({ table: tableAfter(generation, moving), raftIndex: 1_000 + generation++ })
  tell(0)
  process.on("message", (order: Order) => {
    if ("change" in order) tell(order.change)
    else
      void Effect.runPromise(feed.stats).then(({ routers, slowRoutersCut: cut, version }) =>
        answer({ state: { routers, cut, sequence: version?.sequence ?? 0 } })
      )
  })
  const address = server.address()
  answer({ port: typeof address === "object" && address !== null ? address.port : 0 })
  return yield* Effect.never
})

process.once("disconnect", () => process.exit(0))
await Effect.runPromise(Effect.scoped(program))
