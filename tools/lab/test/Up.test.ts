import { describe, expect, it } from "vitest"
import { LabSizeRefused, plannedSize } from "../src/Up.ts"

const none = { nodes: 0, managers: 0 }
const reason = (...args: Parameters<typeof plannedSize>) => {
  const size = plannedSize(...args)
  return size instanceof LabSizeRefused ? size.message : JSON.stringify(size)
}

describe("size of a lab", () => {
  it("is three and three unless asked otherwise", () => {
    expect(plannedSize({}, none)).toEqual({ nodes: 3, managers: 3 })
    expect(plannedSize({ nodes: 5 }, none)).toEqual({ nodes: 5, managers: 3 })
    expect(plannedSize({ nodes: 2 }, none)).toEqual({ nodes: 2, managers: 2 })
  })

  it("stays what it is when nothing is asked of a lab that is there", () => {
    expect(plannedSize({}, { nodes: 5, managers: 1 })).toEqual({ nodes: 5, managers: 1 })
  })

  it("grows", () => {
    expect(plannedSize({ nodes: 5, managers: 3 }, { nodes: 3, managers: 1 })).toEqual({ nodes: 5, managers: 3 })
  })

  it("never shrinks, and says how to", () => {
    expect(reason({ nodes: 2 }, { nodes: 3, managers: 3 })).toContain("it has 3 nodes, 2 asked; run `lab down` first")
    expect(reason({ managers: 1 }, { nodes: 3, managers: 3 })).toContain("it has 3 managers, 1 asked")
  })

  it("keeps to what is possible", () => {
    expect(reason({ nodes: 10 }, none)).toContain("1 to 9 are possible")
    expect(reason({ nodes: 2, managers: 3 }, none)).toContain("1 to 2 are possible")
    expect(reason({ managers: 0 }, none)).toContain("0 managers asked")
  })
})
