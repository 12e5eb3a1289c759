import { describe, expect, it } from "vitest"
import { parse, write, writeList } from "../../src/api/EngineText.ts"
import type { EngineJson } from "../../src/swarm/SwarmPort.ts"

describe("the engine's text", () => {
  it("keeps all digits of numbers, and leaves plain ones plain", () => {
    const text = '{"a":9223372036854775807,"b":{"c":1.0,"d":1},"e":[1e3]}'
    expect(JSON.stringify(parse(text))).toBe(text)
    expect(parse('{"d":1}')).toEqual({ d: 1 })
  })

  it("writes each version of an object once", () => {
    let count = 0
    const object = { toJSON: () => ({ count: ++count }) } as unknown as EngineJson
    expect([write(object), write(object)]).toEqual(['{"count":1}', '{"count":1}'])
  })

  it("writes long lists in chunks that are the list together", () => {
    const objects = Array.from({ length: 20_000 }, (_, index): EngineJson => ({ ID: `task${index}`, Slot: index }))
    const chunks = [...writeList(objects)]
    expect(chunks.length).toBeGreaterThan(5)
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(70_000)
    expect(JSON.parse(chunks.join(""))).toEqual(objects)
    expect([...writeList([])].join("")).toBe("[]\n")
  })
})
