import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { cacheHome, privateFolder } from "../src/CompileCache.ts"

let home: string
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "evenkeel-cache-"))))
afterEach(() => rmSync(home, { recursive: true }))

const user = process.getuid?.() ?? 0

describe("the compile cache", () => {
  it("is where the user's caches are", () => {
    expect(cacheHome({ HOME: "/home/a", XDG_CACHE_HOME: "/var/a" }, "linux")).toBe("/var/a")
    expect(cacheHome({ HOME: "/home/a", XDG_CACHE_HOME: "relative" }, "linux")).toBe("/home/a/.cache")
    expect(cacheHome({ HOME: "/Users/a" }, "darwin")).toBe("/Users/a/Library/Caches")
    expect(cacheHome({}, "linux")).toBeNull()
  })

  it("is made for its user alone", () => {
    const folder = privateFolder(join(home, "deep"), user)
    expect(folder).toBe(join(home, "deep", "evenkeel"))
    expect(statSync(folder ?? "").mode & 0o777).toBe(0o700)
    expect(privateFolder(join(home, "deep"), user)).toBe(folder)
  })

  it("is neither made nor trusted where others own or may write it", () => {
    expect(privateFolder(home, user + 1)).toBeNull()
    expect(existsSync(join(home, "evenkeel"))).toBe(false)
    const folder = privateFolder(home, user) ?? ""
    chmodSync(folder, 0o770)
    expect(privateFolder(home, user)).toBeNull()
    expect(privateFolder(join(folder, "none", "\0"), user)).toBeNull()
  })
})
