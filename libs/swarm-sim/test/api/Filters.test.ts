import { describe, expect, it } from "vitest"
import { Filters } from "../../src/api/Filters.ts"

const of = (value: unknown) => Filters.parse(JSON.stringify(value))

describe("filters", () => {
  it("are read in both spellings, and absent ones let everything pass", () => {
    expect(of({ name: { a: true, b: true } }).get("name")).toEqual(["a", "b"])
    expect(of({ name: ["a", "a"] }).get("name")).toEqual(["a"])
    expect(Filters.parse(null).prefixes("name", "x")).toBe(true)
    expect(Filters.parse("").equals("id", "x")).toBe(true)
  })

  it("are refused in the engine's words", () => {
    for (const text of ["{", "[]", '{"a":1}']) expect(() => Filters.parse(text)).toThrow("invalid filter")
    expect(() => of({ color: ["red"] }).accept("name", "id")).toThrow("invalid filter 'color'")
    expect(() => of({ id: ["x"] }).accept("name", "id")).not.toThrow()
  })

  it("match prefixes, parts and whole values", () => {
    const filters = of({ name: ["vvm"] })
    expect(filters.prefixes("name", "vvm1")).toBe(true)
    expect(filters.prefixes("name", "p2p_vvm1")).toBe(false)
    expect(filters.matches("name", "p2p_vvm1")).toBe(true)
    expect(filters.equals("name", "vvm1")).toBe(false)
    expect(of({ name: ["^p2p_.*1$"] }).matches("name", "p2p_vvm1")).toBe(true)
  })

  it("take a label as key or as key and value, and all must hold", () => {
    const labels = { zone: "a", rack: "1" }
    expect(of({ label: ["zone"] }).labels("label", labels)).toBe(true)
    expect(of({ label: ["zone=a", "rack"] }).labels("label", labels)).toBe(true)
    expect(of({ label: ["zone=b"] }).labels("label", labels)).toBe(false)
    expect(of({ label: ["zone", "row"] }).labels("label", labels)).toBe(false)
  })
})
