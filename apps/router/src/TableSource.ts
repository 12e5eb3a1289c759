/**
 * Where the router's tables come from: a file that people write, or the feeds of the rebalancers, kept on disk besides and
 * begun with from there while no rebalancer can be reached.
 */
import * as FeedSubscription from "@evenkeel/feed/FeedSubscription"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as SubscriptionRef from "effect/SubscriptionRef"
import type { RouterConfig } from "./RouterConfig.ts"
import * as TableCache from "./TableCache.ts"
import * as TableCheck from "./TableCheck.ts"
import * as TableFile from "./TableFile.ts"
import type { TableTextInvalid } from "./TableText.ts"
import type { TableView } from "./TableView.ts"

/** So long the feeds have to give a table before the one on disk is read. */
const graceMillis = 2_000

const countOf = (table: { readonly services: ReadonlyArray<{ readonly endpoints: ReadonlyArray<unknown> }> }): number =>
  table.services.reduce((sum, { endpoints }) => sum + endpoints.length, 0)

/** The table on disk, with those of its tasks that are still there. */
const fromDisk = (file: string, maxAgeMillis: number, checks: TableCheck.TableChecks) =>
  Effect.gen(function* () {
    const kept = Option.getOrNull(yield* TableCache.read(file, maxAgeMillis))
    if (kept === null) return Option.none()
    const table = yield* TableCheck.verified(kept.table, checks)
    yield* Effect.logWarning("no rebalancer was reached; beginning with the table on disk").pipe(
      Effect.annotateLogs({ file, tasks: countOf(table), leftOut: countOf(kept.table) - countOf(table) })
    )
    return Option.some({ source: file, version: kept.version, table })
  })

/** Follows until the scope closes. `checks`: how entries of an old table are checked. */
export const make = (
  config: RouterConfig,
  tableFile: string | null,
  checks: TableCheck.TableChecks = TableCheck.system
): Effect.Effect<
  SubscriptionRef.SubscriptionRef<TableView>,
  TableFile.TableFileUnreadable | TableTextInvalid,
  Scope.Scope
> => {
  if (tableFile !== null) return TableFile.follow(tableFile)
  const { feedAuthorities, feedDns, feedPort, feedTlsName, feedUrls, nodeId, tableCache, tableMaxAgeMillis, token } =
    config
  return Effect.gen(function* () {
    const views: SubscriptionRef.SubscriptionRef<TableView> = yield* FeedSubscription.make({
      node: nodeId,
      token,
      urls: feedUrls,
      ...(feedDns === null ? {} : { dns: { name: feedDns, port: feedPort, secure: feedTlsName !== null } }),
      tls: {
        ...(Option.isNone(feedAuthorities) ? {} : { authorities: feedAuthorities.value }),
        ...(feedTlsName === null ? {} : { name: feedTlsName })
      },
      ...(tableCache === null
        ? {}
        : { fallback: { afterMillis: graceMillis, read: fromDisk(tableCache, tableMaxAgeMillis, checks) } })
    })
    if (tableCache !== null) yield* TableCache.keep(tableCache, views)
    return views
  })
}
