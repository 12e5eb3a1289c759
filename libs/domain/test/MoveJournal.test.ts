import { describe, expect, it } from "vitest"
import { NodeId, TaskId } from "../src/Ids.ts"
import * as Journal from "../src/MoveJournal.ts"

const to = NodeId.make("abc")

describe("a pin's constraints", () => {
  it("are found again among the user's, which keep their order", () => {
    const constraints = [
      "node.role==worker",
      ...Journal.pinConstraints(to, "op1", "stop-first"),
      "node.labels.ssd==true"
    ]
    expect(Journal.findPin(constraints)).toEqual({
      operation: "op1",
      originalOrder: "stop-first",
      without: ["node.role==worker", "node.labels.ssd==true"]
    })
  })
  it("are found with blanks around the operators", () => {
    const constraints = Journal.pinConstraints(to, "op1", "absent").map((text) => text.replace(/(==|!=)/, " $1 "))
    expect(Journal.findPin(constraints)?.without).toEqual([])
  })
  it("are not the user's own node.id constraint", () => {
    expect(Journal.findPin(["node.id==abc", "node.role==worker"])).toBeNull()
  })
  it("leave a user's constraint alone when only the marker is left", () => {
    const [, marker] = Journal.pinConstraints(to, "op1", "absent")
    expect(Journal.findPin(["node.role==worker", marker ?? ""])?.without).toEqual(["node.role==worker"])
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
