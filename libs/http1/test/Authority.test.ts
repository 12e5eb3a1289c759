import { describe, expect, it } from "vitest"
import { hostOf } from "../src/Authority.ts"

describe("the host of an authority", () => {
  it.each([
    ["VVM1", "vvm1"],
    ["vvm1:8080", "vvm1"],
    ["vvm1.", "vvm1"],
    ["a.b.:80", "a.b"],
    ["[::1]:80", "[::1]"],
    ["[::1]", "[::1]"],
    ["10.0.0.1", "10.0.0.1"],
    ["h:", "h"],
    ["", ""]
  ])("%s is %s", (authority, host) => expect(hostOf(authority)).toBe(host))
})
