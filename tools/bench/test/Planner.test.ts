import { describe, expect, it } from "vitest"
import * as Instances from "../src/planner/Instances.ts"
import { measure, type Measured } from "../src/planner/Measure.ts"
import * as Table from "../src/planner/Table.ts"

describe("the planner's clusters", () => {
  it("are even but for nodes that came back empty", () => {
    const size = { nodes: 20, tasks: 400 }
    const snapshot = Instances.make(size)
    expect(snapshot.tasks).toHaveLength(400)
    const counts = snapshot.nodes.map(({ id }) => snapshot.tasksOnNode(id).length)
    const homes = counts.slice(0, size.nodes - Instances.returnedNodes(size))
    expect(counts.at(-1)).toBe(0)
    expect(Math.max(...homes) - Math.min(...homes)).toBeLessThanOrEqual(2)
  })

  it("are planned to evenness", () => {
    const measured = measure({ nodes: 10, tasks: 100 }, 1)
    expect(measured.nodeSkewAfter).toBeLessThanOrEqual(1)
    expect(measured.moves).toBeGreaterThanOrEqual(measured.fewestMoves)
    expect(measured.tasksReached).toBe(measured.tasksBound)
  })
})

describe("the planner's table", () => {
  const of = (tasks: number, firstMillis: number): Measured => ({
    ...{ nodes: 10, services: 5, moves: 1, proved: true, nodeSkewBefore: 2, nodeSkewAfter: 0 },
    ...{ tasksReached: 0, tasksBound: 0, fewestMoves: 1, firstCpuMillis: 1, laterMillis: 1 },
    ...{ heapMebibytes: 1, residentMebibytes: 1, tasks, firstMillis }
  })

  it("passes by the time of the largest cluster", () => {
    expect(Table.passes([of(100, 5_000), of(1_000, Table.gateMillis)])).toBe(true)
    expect(Table.passes([of(100, 5), of(1_000, Table.gateMillis + 1)])).toBe(false)
    expect(Table.lines([of(1_000, 1_500)]).at(-1)).toContain("within the gate")
  })

  it("gives growth as an exponent", () => {
    expect(Table.growth(of(100, 10), of(10_000, 1_000))).toBeCloseTo(1)
  })
})
