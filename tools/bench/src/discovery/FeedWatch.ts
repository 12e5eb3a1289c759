/**
 * A client of the rebalancer's feed, the one that routers use, in this process: tells when the table it holds no longer sends
 * requests to a task.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as FeedClient from "@evenkeel/feed/FeedClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"

/** A version of the table, and when (epoch milliseconds) it was there. */
export interface Arrival {
  readonly sequence: number
  readonly atMillis: number
}

export interface FeedWatch {
  /** Endpoints that get requests, in the table that is held. */
  readonly readyEndpoints: () => number
  /** The version with which the held table had the task's endpoint no more, or draining. Rejects after `timeoutMillis`. */
  readonly without: (service: string, task: string, timeoutMillis: number) => Promise<Arrival>
  readonly stop: () => Promise<void>
}

/** A change did not come in time. */
export class ChangeLost extends Error {
  override readonly name = "ChangeLost"
}

/** Whether the table sends requests to the task. */
export const sendsTo = (table: RoutingTable | null, service: string, task: string): boolean =>
  table?.services
    .find(({ id }) => id === service)
    ?.endpoints.some((endpoint) => endpoint.task === task && endpoint.state === "ready") ?? false

/** What the client tells of its connection is no result. */
const onStderr = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

interface Waiting {
  readonly service: string
  readonly task: string
  readonly gone: (arrival: Arrival) => void
}

export const follow = (url: string): FeedWatch => {
  let table: RoutingTable | null = null
  let arrival: Arrival = { sequence: 0, atMillis: 0 }
  const waiting = new Set<Waiting>()
  const took = ({ held }: FeedClient.FeedState) =>
    Effect.sync(() => {
      if (held === null || held.table === table) return
      table = held.table
      arrival = { sequence: held.version.sequence, atMillis: Date.now() }
      for (const each of [...waiting])
        if (!sendsTo(table, each.service, each.task)) {
          waiting.delete(each)
          each.gone(arrival)
        }
    })
  const fiber = FeedClient.follow({ url, node: "bench" as NodeId, token: Option.none() }, took).pipe(
    Effect.provide(onStderr),
    Effect.runFork
  )
  return {
    readyEndpoints: () =>
      table?.services.reduce(
        (sum, { endpoints }) => sum + endpoints.filter(({ state }) => state === "ready").length,
        0
      ) ?? 0,
    without: (service, task, timeoutMillis) =>
      new Promise((resolve, reject) => {
        if (!sendsTo(table, service, task)) return resolve(arrival)
        const late = setTimeout(() => {
          waiting.delete(each)
          reject(new ChangeLost(`task ${task} of service ${service} is still in the table after ${timeoutMillis} ms`))
        }, timeoutMillis)
        const each: Waiting = {
          service,
          task,
          gone: (found) => {
            clearTimeout(late)
            resolve(found)
          }
        }
        waiting.add(each)
      }),
    stop: () => Effect.runPromise(Effect.asVoid(Fiber.interrupt(fiber)))
  }
}
