/** The page about the rebalancer says what the code does (brakes, settings, metrics, routes), the runbook what to do about it. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as Brake from "@evenkeel/executor/brakes/Brake"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as Api from "../src/Api.ts"
import * as Tables from "./Tables.ts"
import * as World from "./World.ts"

const docs = join(import.meta.dirname, "../../../docs")
const page = readFileSync(join(docs, "subsystems/rebalancer.md"), "utf8")
const runbook = readFileSync(join(docs, "runbook.md"), "utf8")

/** First cells of the table under a heading cell. */
const firstCells = (heading: string, text = page): ReadonlyArray<string> => {
  const lines = text.split("\n")
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

describe("docs/runbook.md", () => {
  it("says of each brake why it holds and what to do", () => {
    expect(firstCells("brake", runbook)).toEqual([...Brake.names])
  })
  it("names each metric of the rebalancer, and none that nothing has", () => {
    const named = new Set([...runbook.matchAll(/`evenkeel_rebalancer_([a-z_]+)`/g)].map(([, name]) => name))
    const made = firstCells("metric, after").map((cell) => cell.replace(/\{.*/, ""))
    expect([...named].sort()).toEqual([...made].sort())
  })
  it("names no metric of the router that it does not have", () => {
    const source = readFileSync(join(import.meta.dirname, "../../router/src/RouterMetrics.ts"), "utf8")
    const named = [...runbook.matchAll(/`evenkeel_router_([a-z_]+)`/g)].map(([, name = ""]) => name)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !source.includes(`"${name}"`) && !source.includes(`}${name}`))).toEqual([])
  })
  it("names no setting and no variable of the rebalancer that there is not", () => {
    const settings = [...runbook.matchAll(/(?:policy set |`)(\w+)=/g)].map(([, name = ""]) => name)
    expect(settings.filter((name) => !BrakeSettings.keys.map(BrakeSettings.shortKey).includes(name))).toEqual([])
    const variables = [...runbook.matchAll(/EVENKEEL_REBALANCER_\w+/g)].map(([name]) => name)
    expect(variables.filter((name) => !page.includes(name.replace("EVENKEEL_REBALANCER_", "…")))).toEqual([])
  })
})
