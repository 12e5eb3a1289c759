/** The page about the rebalancer says what the code does: brakes, settings, metrics, routes. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as Api from "../src/Api.ts"
import * as Tables from "./Tables.ts"
import * as World from "./World.ts"

const page = readFileSync(join(import.meta.dirname, "../../../docs/subsystems/rebalancer.md"), "utf8")

/** First cells of the table under a heading cell. */
const firstCells = (heading: string): ReadonlyArray<string> => {
  const lines = page.split("\n")
  const from = lines.findIndex((line) => line.startsWith(`| ${heading}`))
  const rows = lines.slice(from + 2)
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|"))
    )
    .map((line) => /`([^`]+)`/.exec(line)?.[1] ?? "")
}

describe("docs/subsystems/rebalancer.md", () => {
  it("has the table of brakes", () => {
    expect(page).toContain(Tables.brakes)
  })
  it("has the table of settings", () => {
    expect(page).toContain(Tables.settings)
  })
  it("has the table of log events", () => {
    expect(page).toContain(Tables.events)
  })
  it("says of each setting that no brake or policy knows, which variable it is", () => {
    const source = readFileSync(join(import.meta.dirname, "../src/RebalancerConfig.ts"), "utf8")
    const read = [...source.matchAll(/"(EVENKEEL_[A-Z_]+)"/g)].map(([, variable = ""]) => variable)
    expect(read.length).toBeGreaterThan(5)
    const named = firstCells("variable").map((cell) => cell.replace("…", "EVENKEEL_REBALANCER_"))
    expect([...named].sort()).toEqual([...read, "EVENKEEL_LOG_LEVEL"].sort())
  })
  it("names every metric and no other", () => {
    const named = firstCells("metric, after").map((cell) => cell.replace(/\{.*/, ""))
    const source = ["RebalancerMetrics", "SkewMetrics", "main"]
      .map((name) => readFileSync(join(import.meta.dirname, `../src/${name}.ts`), "utf8"))
      .join("\n")
    const made = [...source.matchAll(/(?:counter|gauge)\(\s*"([a-z_]+)"|prefix\}([a-z_]+)`/g)].map(
      ([, a, b]) => a ?? b ?? ""
    )
    // Of a module that other programs use as well.
    const shared = ["event_loop_delay_seconds"]
    expect([...named].sort()).toEqual([...new Set([...made, ...shared])].sort())
  })
  it.effect("names every route and no other", () =>
    Effect.gen(function* () {
      const parts = yield* World.freshParts
      const about = Effect.succeed({ version: "", hostname: "", routers: null })
      expect([...firstCells("request")].sort()).toEqual(Object.keys(Api.routes(parts, about)).sort())
    })
  )
})
