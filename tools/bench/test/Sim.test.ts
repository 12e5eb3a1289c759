import { describe, expect, it } from "vitest"
import { FlagsInvalid, parse } from "../src/sim/Flags.ts"
import { replicasFor, specOf } from "../src/sim/Fill.ts"
import { measure } from "../src/sim/Measure.ts"
import * as ProcessFigures from "../src/sim/ProcessFigures.ts"
import { aims, lines } from "../src/sim/Report.ts"

describe("bench:sim", () => {
  it("measures a Swarm through its sockets", { timeout: 60_000 }, async () => {
    const said: Array<string> = []
    const measured = await measure({ nodes: 4, tasks: 40 }, (line) => said.push(line))
    expect(measured.services).toBe(replicasFor(40).length)
    // Prepared, started and reported in batches: never at once. Down after two to three and a half heartbeats of five seconds.
    expect(measured.allRunning.simulatedSeconds).toBeGreaterThan(0.5)
    expect(measured.allRunning.simulatedSeconds).toBeLessThan(5)
    expect(measured.nodeLoss.tasksLost).toBe(10)
    expect(measured.nodeLoss.simulatedSeconds).toBeGreaterThan(8)
    expect(measured.nodeLoss.simulatedSeconds).toBeLessThan(30)
    expect(measured.leaderChange.simulatedSeconds).toBeGreaterThan(0)
    expect(measured.listFirst.mebibytes).toBeGreaterThan(0.02)
    expect(measured.listAgain.firstByteMillis).toBeLessThanOrEqual(measured.listAgain.lastByteMillis)
    expect(said).toHaveLength(3)
    const missed = lines({ ...measured, allRunning: { ...measured.allRunning, realSeconds: aims.realSeconds + 1 } })
    expect(missed.join("\n")).toContain("(aim 10 s: missed)")
  })

  it("fills a Swarm with as many tasks as are asked for", () => {
    for (const tasks of [1, 7, 5_000]) expect(replicasFor(tasks).reduce((sum, size) => sum + size, 0)).toBe(tasks)
    expect(specOf(3, 5, "net").Mode.Replicated.Replicas).toBe(5)
  })

  it("reads what Linux says of a process", () => {
    const { mostMebibytes, nowMebibytes } = ProcessFigures.memory(process.pid)
    expect(nowMebibytes).toBeGreaterThan(1)
    expect(mostMebibytes).toBeGreaterThanOrEqual(nowMebibytes / 2)
    expect(() => ProcessFigures.memory(2 ** 30)).toThrow()
  })

  it("refuses a command line that cannot be followed", () => {
    expect(parse(["--quick"])).toEqual({ json: false, nodes: 100, tasks: 5_000 })
    expect(parse(["--nodes", "7", "--tasks", "9", "--json"])).toEqual({ json: true, nodes: 7, tasks: 9 })
    expect(parse(["--help"])).toBeNull()
    for (const wrong of [["--nodes", "1"], ["--tasks", "1.5"], ["--what"]])
      expect(() => parse(wrong)).toThrow(FlagsInvalid)
  })
})
