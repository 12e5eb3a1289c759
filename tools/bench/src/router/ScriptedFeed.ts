/**
 * A rebalancer's feed without a Swarm: routers connect to it as they would to a rebalancer and get whatever table is set.
 * The same server code as the rebalancer's; only the tables are made up.
 */
import { NodeId } from "@evenkeel/domain/Ids"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as FeedServer from "@evenkeel/feed/FeedServer"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as http from "node:http"

export interface ScriptedFeed {
  readonly url: string
  readonly port: number
  /** What routers must show: `EVENKEEL_TOKEN`. */
  readonly token: string
  setTable(table: RoutingTable): void
  /** Routers connected now. */
  routers(): Promise<number>
  stop(): Promise<void>
}

/** Raft's index of the made-up Swarm: it goes on where the last feed stopped, as the real one does. */
let raftIndex = 1

/** How often the table in force is confirmed, as a rebalancer does that reads the Swarm. */
const confirmEveryMs = 500

/** Listens on 127.0.0.1, on any free port unless one is given. */
export const startFeed = async (
  table: RoutingTable,
  instance: string,
  at: { readonly port?: number; readonly token?: string } = {}
): Promise<ScriptedFeed> => {
  const token = at.token ?? randomBytes(16).toString("hex")
  const server = http.createServer((_request, response) => response.writeHead(404).end())
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(at.port ?? 0, "127.0.0.1", resolve))
  const address = server.address()
  const taken = typeof address === "object" && address !== null ? address.port : 0
  const scope = Effect.runSync(Scope.make())
  const queue = Effect.runSync(Queue.unbounded<RoutingTable>())
  let current = table
  const feed = await Effect.runPromise(
    FeedServer.attach(server, {
      node: NodeId.make("feed-node"),
      hostname: "feed-node",
      instance,
      token: Option.some(Redacted.make(token)),
      readings: Stream.fromQueue(queue).pipe(
        Stream.map((one) => ({ table: one, raftIndex, quorum: true, readAtMillis: Date.now() }))
      )
    }).pipe(Scope.extend(scope))
  )
  const tell = () => void queue.unsafeOffer(current)
  tell()
  const timer = setInterval(tell, confirmEveryMs)
  return {
    url: `ws://127.0.0.1:${taken}/feed`,
    port: taken,
    token,
    setTable: (next) => {
      current = next
      raftIndex++
      tell()
    },
    routers: () => Effect.runPromise(Effect.map(feed.stats, ({ routers }) => routers)),
    stop: async () => {
      clearInterval(timer)
      await Effect.runPromise(Scope.close(scope, Exit.void))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
