/**
 * The difference between two routing tables and its application, with the law `apply(a, diff(a, b)) = b` for tables in which
 * no service's id occurs twice. Services are compared by content, so that tables made anew from an unchanged Swarm differ by
 * nothing.
 */
import type { ServiceId } from "@evenkeel/domain/Ids"
import { type RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { TableDelta } from "./FeedProtocol.ts"

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Whether two JSON-like values have the same content. */
export const sameContent = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (!isObject(a) || !isObject(b)) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => sameContent(item, b[i]))
  }
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameContent(a[key], b[key]))
  )
}

const byId = (services: ReadonlyArray<RoutedService>): Map<ServiceId, RoutedService> =>
  new Map(services.map((service) => [service.id, service]))

/** Services of `before` replaced in place or left out, new ones at the end. */
const merged = (
  before: ReadonlyArray<RoutedService>,
  changed: ReadonlyArray<RoutedService>,
  removed: ReadonlyArray<ServiceId>
): Map<ServiceId, RoutedService> => {
  const services = byId(before)
  for (const id of removed) services.delete(id)
  for (const service of changed) services.set(service.id, service)
  return services
}

/** What turns `before` into `after`; null where they have the same content. */
export const diff = (before: RoutingTable, after: RoutingTable): TableDelta | null => {
  const known = byId(before.services)
  const changed = after.services.filter((service) => !sameContent(known.get(service.id), service))
  const kept = new Set(after.services.map(({ id }) => id))
  const removed = before.services.map(({ id }) => id).filter((id) => !kept.has(id))
  const natural = [...merged(before.services, changed, removed).keys()]
  const inOrder = after.services.every(({ id }, i) => natural[i] === id)
  const delta: TableDelta = {
    changed,
    removed,
    ...(inOrder ? {} : { order: after.services.map(({ id }) => id) }),
    ...(sameContent(before.routes, after.routes) ? {} : { routes: after.routes }),
    ...(sameContent(before.routers, after.routers) ? {} : { routers: after.routers }),
    ...(sameContent(before.problems, after.problems) ? {} : { problems: after.problems })
  }
  const isEmpty = changed.length === 0 && removed.length === 0 && Object.keys(delta).length === 2
  return isEmpty ? null : delta
}

/** `before` with `delta` applied; unchanged services keep their identity. */
export const apply = (before: RoutingTable, delta: TableDelta): RoutingTable => {
  const services = merged(before.services, delta.changed, delta.removed)
  const ordered =
    delta.order === undefined
      ? [...services.values()]
      : delta.order.flatMap((id) => {
          const service = services.get(id)
          return service === undefined ? [] : [service]
        })
  return new RoutingTable(
    {
      services: ordered,
      routes: delta.routes ?? before.routes,
      routers: delta.routers ?? before.routers,
      problems: delta.problems ?? before.problems
    },
    // Every part was checked when it was decoded or made.
    { disableValidation: true }
  )
}
