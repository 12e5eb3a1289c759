import { describe, expect, it } from "vitest"
import { NodeId, TaskId } from "../src/Ids.ts"
import * as Journal from "../src/MoveJournal.ts"

const to = NodeId.make("abc")

describe("a pin's constraints", () => {
  it("are found again among the user's, which keep their order", () => {
    const constraints = [
      "node.role==worker",
      ...Journal.pinConstraints(to, "op1", { order: "stop-first", parallelism: null }),
      "node.labels.ssd==true"
    ]
    expect(Journal.findMarker(constraints)).toEqual({
      operation: "op1",
      original: { order: "stop-first", parallelism: null },
      without: ["node.role==worker", "node.labels.ssd==true"]
    })
  })
  it("are found as an empty's too, with the parallelism that it changed", () => {
    const constraints = Journal.emptyConstraints(to, "op1", { order: "none", parallelism: 4 })
    expect(constraints[0]).toBe("node.id!=abc")
    expect(Journal.findMarker(["node.role==worker", ...constraints])).toEqual({
      operation: "op1",
      original: { order: "none", parallelism: 4 },
      without: ["node.role==worker"]
    })
  })
  it("give way to another one under the same mark", () => {
    const constraints = [
      "node.role==worker",
      ...Journal.pinConstraints(to, "op1", { order: "none", parallelism: null })
    ]
    expect(Journal.withOwnConstraint(constraints, "node.id==donor")).toEqual(constraints.with(1, "node.id==donor"))
  })
  it("are found with blanks around the operators", () => {
    const constraints = Journal.pinConstraints(to, "op1", { order: "absent", parallelism: null }).map((text) =>
      text.replace(/(==|!=)/, " $1 ")
    )
    expect(Journal.findMarker(constraints)?.without).toEqual([])
  })
  it("are not the user's own node.id constraint", () => {
    expect(Journal.findMarker(["node.id==abc", "node.role==worker"])).toBeNull()
  })
  it("leave a user's constraint alone when only the marker is left", () => {
    const [, marker] = Journal.pinConstraints(to, "op1", { order: "absent", parallelism: null })
    expect(Journal.findMarker(["node.role==worker", marker ?? ""])?.without).toEqual(["node.role==worker"])
  })
})

describe("a journal", () => {
  const journal = new Journal.PinJournal({
    operation: "op1",
    task: TaskId.make("t"),
    from: NodeId.make("n1"),
    to,
    startedAtMillis: 1,
    deadlineMillis: 2,
    changes: [{ path: ["TaskTemplate", "Placement"], wrote: '{"Constraints":[]}', was: null }]
  })
  it("comes back from its label as it was", () => {
    expect(Journal.read({ [Journal.journalLabel]: Journal.encode(journal) })).toEqual({ _tag: "Found", journal })
  })
  it("is unreadable, not absent, when its text is no journal", () => {
    expect(Journal.read({ [Journal.journalLabel]: '{"_tag":"teleport"}' })._tag).toBe("Unreadable")
    expect(Journal.read({ other: "x" })._tag).toBe("None")
  })
})

describe("a surge's mark", () => {
  it("tells the replicas that were asked for", () => {
    const labels = { [Journal.surgeLabel]: Journal.surgeMark("op1", 12), other: "x" }
    expect(Journal.findSurge(labels)).toEqual({ operation: "op1", baseline: 12 })
    expect(Journal.isMarked({ labels, constraints: [] })).toBe(true)
  })
  it.each(["", "op1", "op1.0", "op1.-3", "op1.x"])("is none where the label says %j", (text) => {
    expect(Journal.findSurge({ [Journal.surgeLabel]: text })).toBeNull()
  })
})
