import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { NodeId } from "@evenkeel/domain/Ids"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import * as ObjectLists from "../src/ObjectLists.ts"
import * as Pace from "../src/Pace.ts"
import { wireNode, wireService, wireTask } from "../src/TestWire.ts"

const snapshot = (
  task: Partial<Parameters<typeof wireTask>[0]>,
  node: Partial<Parameters<typeof wireNode>[0]> = {},
  updateState?: string
): Snapshot => {
  const lists = ObjectLists.make()
  const list = (wire: object) => JSON.stringify([wire])
  const sample = { id: "s1", ...(updateState === undefined ? {} : { updateState }) }
  return new Snapshot({
    nodes: Either.getOrThrow(lists.nodes(list(wireNode({ id: "n1", ...node })))).objects,
    services: Either.getOrThrow(lists.services(list(wireService(sample)), [])).objects,
    tasks: Either.getOrThrow(lists.tasks(list(wireTask({ id: "t1", service: "s1", node: "n1", ...task })))).objects,
    networks: [],
    readBy: NodeId.make("n1"),
    readAtMillis: 0
  })
}

describe("Pace.isSwarmBusy", () => {
  it.each([
    ["running", "running", false],
    ["new", "running", false],
    ["pending", "running", false],
    ["assigned", "running", true],
    ["preparing", "running", true],
    ["starting", "running", true],
    ["preparing", "ready", true],
    ["ready", "ready", false],
    ["running", "shutdown", true],
    ["starting", "shutdown", false],
    ["complete", "shutdown", false],
    ["failed", "running", false]
  ])("a task that is %s and wanted %s: %s", (state, desired, expected) => {
    expect(Pace.isSwarmBusy(snapshot({ state, desired }))).toBe(expected)
  })

  it("nobody will report what becomes of a task whose node is down", () => {
    expect(Pace.isSwarmBusy(snapshot({ desired: "shutdown" }, { state: "down" }))).toBe(false)
    expect(Pace.isSwarmBusy(snapshot({ state: "starting" }, { state: "down" }))).toBe(false)
  })

  it.each([
    ["updating", true],
    ["rollback_started", true],
    ["paused", false],
    ["completed", false]
  ])("an update that is %s: %s", (updateState, expected) => {
    expect(Pace.isSwarmBusy(snapshot({}, {}, updateState))).toBe(expected)
  })
})

describe("Pace.intervalMs", () => {
  it.each([
    [false, [], 1000],
    [true, [], 200],
    [true, [20, 20, 20], 200],
    [true, [50, 40, 60], 400],
    [false, [50, 40, 60], 1000],
    [false, [1500, 1900, 40], 1000],
    [true, [1500, 1900, 1700], 10_000]
  ])("busy %s after readings of %j ms: %i", (isBusy, costs, expected) => {
    expect(Pace.intervalMs(Pace.defaults, isBusy, costs)).toBe(expected)
  })

  it("keeps an interval that was asked for, however long", () => {
    expect(Pace.intervalMs({ ...Pace.defaults, idleIntervalMs: 60_000 }, false, [1])).toBe(60_000)
  })
})

describe("Pace.costOf", () => {
  it.each([
    ["an idle machine", 25, 20, 25],
    ["a busy machine", 300, 20, 80],
    ["a slow engine", 1_600, 20, 400],
    ["a reading that nobody measured", 300, undefined, 300]
  ])("on %s", (_, took, ownCpu, cost) => {
    expect(Pace.costOf(took, ownCpu)).toBe(cost)
  })
})
