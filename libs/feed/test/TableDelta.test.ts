import { describe, expect, it } from "@effect/vitest"
import { ServiceId } from "@evenkeel/domain/Ids"
import { RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Protocol from "../src/FeedProtocol.ts"
import * as TableDelta from "../src/TableDelta.ts"
import { service, table } from "./feed.fixture.ts"

/** Tables over few ids, so that two of them share services, differ in some, and order them differently. */
const anyTable = FastCheck.tuple(
  Arbitrary.make(RoutingTable),
  FastCheck.uniqueArray(
    FastCheck.tuple(FastCheck.constantFrom("a", "b", "c", "d", "e"), FastCheck.constantFrom(0, 1, 2)),
    {
      selector: ([id]) => id
    }
  )
).map(
  ([parts, services]) =>
    new RoutingTable({
      ...parts,
      services: services.map(([id, variant]) => service(id, variant === 0 ? [] : [`10.0.0.${variant}`]))
    })
)

describe("TableDelta", () => {
  it("apply(a, diff(a, b)) is b, over the wire too", () => {
    FastCheck.assert(
      FastCheck.property(anyTable, anyTable, (a, b) => {
        const delta = TableDelta.diff(a, b)
        if (delta === null) return TableDelta.sameContent(a, b)
        const version = { instance: "i", sequence: 2, raftIndex: 2, quorum: true, confirmedAtMillis: 2 }
        const frame = Protocol.encodeServerMessage({ type: "delta", from: 1, version, delta })
        const message = Either.getOrThrow(Protocol.decodeServerMessage(frame, "test"))
        expect(TableDelta.apply(a, delta)).toEqual(b)
        return message?.type === "delta" && TableDelta.sameContent(TableDelta.apply(a, message.delta), b)
      }),
      { numRuns: 300 }
    )
  })

  it("is null between a table and its decoded copy", () => {
    FastCheck.assert(
      FastCheck.property(anyTable, (a) => {
        const copy = JSON.parse(JSON.stringify(a)) as RoutingTable
        return TableDelta.diff(a, copy) === null
      })
    )
  })

  it("holds only what changed, and keeps the identity of the rest", () => {
    const [web, api, old] = [service("web", ["10.0.0.1"]), service("api"), service("old")]
    const before = table(web, api, old)
    const after = new RoutingTable({ ...before, services: [web, service("api", ["10.0.0.9"])] })
    const delta = TableDelta.diff(before, after)
    expect(delta).toEqual({ changed: [service("api", ["10.0.0.9"])], removed: [ServiceId.make("old")] })
    const applied = TableDelta.apply(before, delta ?? { changed: [], removed: [] })
    expect(applied.services[0]).toBe(web)
    expect(applied.routes).toBe(before.routes)
  })

  it("names the order only where it does not follow", () => {
    const [a, b] = [service("a"), service("b")]
    const routes = { ...table(a, b) }
    const first = new RoutingTable({ ...routes, services: [a] })
    expect(TableDelta.diff(first, new RoutingTable({ ...routes, services: [a, b] }))?.order).toBeUndefined()
    expect(TableDelta.diff(first, new RoutingTable({ ...routes, services: [b, a] }))?.order).toEqual(["b", "a"])
  })

  it("tells apart values that differ in a key, an item, or in being an array", () => {
    const same = TableDelta.sameContent
    expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(false)
    expect(same([1, 2], [1])).toBe(false)
    expect(same({}, [])).toBe(false)
    expect(same(null, {})).toBe(false)
    expect(same(new RoutedService({ ...service("a") }), service("a"))).toBe(true)
  })
})
