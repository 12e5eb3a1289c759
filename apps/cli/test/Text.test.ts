import { describe, expect, it } from "vitest"
import * as Color from "../src/Color.ts"
import { distance, nearest } from "../src/Nearest.ts"
import * as Table from "../src/Table.ts"

describe("Table", () => {
  it("aligns by what is seen, not by the bytes of colours", () => {
    const paint = Color.paint(true)
    const text = Table.render(
      [{ title: "NAME" }, { title: "N", align: "right" }, { title: "NOTE" }],
      [
        [paint.red("a"), "1", "x"],
        ["long name", "100", ""]
      ],
      paint
    )
    expect(Color.strip(text)).toBe("NAME         N  NOTE\na            1  x\nlong name  100\n")
    expect(text).not.toBe(Color.strip(text))
  })
})

describe("Nearest", () => {
  it("counts insertions, deletions, substitutions and swaps", () => {
    expect(distance("drain", "drain")).toBe(0)
    expect(distance("drian", "drain")).toBe(1)
    expect(distance("", "plan")).toBe(4)
    expect(distance("kitten", "sitting")).toBe(3)
  })

  it("offers nothing that is not close", () => {
    expect(nearest("stauts", ["plan", "status", "apply"])).toBe("status")
    expect(nearest("frobnicate", ["plan", "status", "apply"])).toBeUndefined()
    expect(nearest("n4", ["n1", "worker-9"])).toBe("n1")
  })
})
