/**
 * Which endpoints of an old table are still what it says. Swarm's DNS knows the addresses of a service's tasks
 * (`tasks.<service>`): what it does not list is left out, since another task may have the address by now. Where DNS does not
 * answer, or knows none of the services and so is not Swarm's, whoever takes a connection is kept. Draining endpoints are
 * left out.
 */
import { type Endpoint, RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Effect from "effect/Effect"
import { promises as dns } from "node:dns"
import { connect } from "node:net"

export interface TableChecks {
  /** Addresses by a name, none where there is no such name; null without an answer. */
  readonly resolve: (name: string) => Effect.Effect<ReadonlyArray<string> | null>
  /** Whether something takes connections there. */
  readonly connects: (address: string, port: number) => Effect.Effect<boolean>
}

const answerWithin = "2 seconds"
const connectMillis = 1_000
/** Lookups, or connections, at once. */
const concurrency = 32

const absent = (code: string | undefined): ReadonlyArray<string> | null =>
  code === "ENOTFOUND" || code === "ENODATA" ? [] : null

/** By the system's resolver and the network. */
export const system: TableChecks = {
  resolve: (name) =>
    Effect.promise(() => dns.resolve4(name).catch((error: NodeJS.ErrnoException) => absent(error.code))).pipe(
      Effect.timeoutTo({ duration: answerWithin, onSuccess: (found) => found, onTimeout: () => null })
    ),
  connects: (host, port) =>
    Effect.async<boolean>((resume) => {
      const socket = connect({ host, port, timeout: connectMillis })
      const end = (does: boolean) => {
        socket.destroy()
        resume(Effect.succeed(does))
      }
      socket.once("connect", () => end(true))
      socket.once("timeout", () => end(false))
      socket.once("error", () => end(false))
      return Effect.sync(() => socket.destroy())
    })
}

/** `table` without the endpoints that are not known to be what it says. */
export const verified = Effect.fn("TableCheck.verified")(function* (
  table: RoutingTable,
  checks: TableChecks
): Effect.fn.Return<RoutingTable> {
  const listed = yield* Effect.forEach(table.services, ({ name }) => checks.resolve(`tasks.${name}`), { concurrency })
  const isSwarms = listed.some((addresses) => addresses !== null && addresses.length > 0)
  const isKnown = (endpoint: Endpoint, addresses: ReadonlyArray<string> | null) =>
    isSwarms && addresses !== null
      ? Effect.succeed(addresses.includes(endpoint.address))
      : checks.connects(endpoint.address, endpoint.port)
  const services = yield* Effect.forEach(
    table.services,
    (service, i) =>
      Effect.filter(
        service.endpoints.filter(({ state }) => state === "ready"),
        (endpoint) => isKnown(endpoint, listed[i] ?? null),
        { concurrency }
      ).pipe(Effect.map((endpoints) => new RoutedService({ ...service, endpoints }))),
    { concurrency }
  )
  return new RoutingTable({ ...table, services })
})
