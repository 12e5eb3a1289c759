/** `bench:feed` with few routers: that it measures what it says, and the words of its verdict. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { startFeed } from "../src/feed/Feed.ts"
import { LightRouters } from "../src/LightRouters.ts"
import { holds, json, line } from "../src/Verdict.ts"

const main = join(import.meta.dirname, "../src/feed/main.ts")

const run = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, ["--conditions=@evenkeel/source", main, ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr })
    )
  })

describe("bench:feed", { timeout: 120_000 }, () => {
  it("spreads changes to all routers, and has the one cut off that does not read", async () => {
    const { stdout } = await run("--routers", "5", "--services", "50", "--changes", "3", "--json")
    const { measures } = JSON.parse(stdout) as { measures: ReadonlyArray<{ what: string; value: number }> }
    const valueOf = (what: string) => measures.find((measure) => measure.what.startsWith(what))?.value
    expect(valueOf("routers that are not connected")).toBe(0)
    expect(valueOf("tables sent beyond one each")).toBe(0)
    expect(valueOf("a change until all have it")).toBeGreaterThan(0)
    expect(valueOf("change, bytes")).toBeGreaterThan(500)
    expect(valueOf("routers that do not read and are still served")).toBe(0)
    expect(valueOf("changes that it missed")).toBeGreaterThan(0)
    expect(valueOf("changes that it lacks")).toBe(0)
  })

  it("refuses a wrong command line", async () => {
    expect((await run("--routers", "none")).code).toBe(64)
    expect((await run("--router")).code).toBe(64)
  })
})

describe("light routers", () => {
  it("tell when the last of them has a version, or a later one", async () => {
    const feed = await startFeed(2)
    const routers = new LightRouters(feed.url, 3)
    try {
      await routers.allHave(1)
      expect(await routers.allHave(1)).toBe(0)
      let hasThird = false
      const second = routers.allHave(2)
      const third = routers.allHave(3).finally(() => (hasThird = true))
      feed.change(1)
      const at = await second
      expect([at > 0, hasThird]).toEqual([true, false])
      feed.change(1)
      expect(await third).toBeGreaterThanOrEqual(at)
      expect([routers.tables, routers.deltas]).toEqual([3, 6])
    } finally {
      routers.stop()
      await feed.stop()
    }
  })
})

describe("a measure", () => {
  const measure = { what: "lost", value: 2, unit: "", gate: 3, aim: 1 } as const
  it("holds up to its gate, and says so", () => {
    expect([holds(measure), line(measure)]).toEqual([true, "  lost: 2 (holds, aim 1)"])
    expect(line({ ...measure, value: 1 })).toBe("  lost: 1 (aim reached)")
    expect([holds({ ...measure, value: 4 }), line({ ...measure, value: 4 })]).toEqual([
      false,
      "  lost: 4 (MISSED, at most 3)"
    ])
    expect(line({ ...measure, gate: Infinity, value: 2.25, unit: "ms" })).toBe("  lost: 2.3 ms")
  })
  it("that could not be taken does not hold, unless it is only told", () => {
    expect([holds({ ...measure, value: NaN }), holds({ ...measure, value: NaN, gate: Infinity })]).toEqual([
      false,
      true
    ])
    expect(JSON.parse(JSON.stringify(json({ ...measure, value: Infinity })))).toMatchObject({
      value: null,
      holds: false
    })
  })
})
