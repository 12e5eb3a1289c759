import { describe, expect, it } from "vitest"
import { judge } from "../src/Verdict.ts"
import { evidence, phase, sample, seen } from "./Fixtures.ts"

const before = sample(0, { a: "web@n1", b: "web@n1" })
const both = sample(100, { a: "web@n1", b: "web@n1", c: "web@n2" })
const after = sample(200, { a: "web@n1", c: "web@n2" })
const failedOf = (given: ReturnType<typeof evidence>) =>
  judge(given)
    .filter(({ passed }) => !passed)
    .map(({ name, seen: found }) => `${name}: ${found}`)

describe("a verdict", () => {
  it("passes the fewest moves, each with its new task first", () => {
    expect(failedOf(evidence([phase([before, both, after])]))).toEqual([])
  })

  it("sees a moment with fewer tasks, and how long it lasted", () => {
    const gap = sample(50, { a: "web@n1" })
    expect(failedOf(evidence([phase([before, gap, both, after])]))).toEqual([
      "as many serve as were asked for: web 1 of 2 for 0.1 s"
    ])
  })

  it("sees that nothing was moved", () => {
    expect(failedOf(evidence([phase([before])]))).toEqual([
      "tasks started are the fewest moves: 0: none",
      "placement is as even as can be: web 2-0"
    ])
  })

  it("sees a move too many, also one that left no mark on the placement", () => {
    const more = sample(300, { a: "web@n1", c: "web@n2", d: "web@n1" })
    const end = sample(400, { c: "web@n2", d: "web@n1" })
    expect(failedOf(evidence([phase([before, both, after, more, end])]))).toEqual([
      "tasks started are the fewest moves: 2: web on n2, web on n1"
    ])
  })

  it("fails a phase in which nothing had to move: it has shown nothing", () => {
    expect(failedOf(evidence([phase([after])]))).toEqual([
      "tasks started are the fewest moves: 0: none",
      "no other task ended: 0: none"
    ])
  })

  it("lets what was tried in vain start, as long as no more tasks are given up than have to move", () => {
    const tried = sample(50, { a: "web@n1", b: "web@n1", x: "web@n1" })
    expect(failedOf(evidence([phase([before, tried, before, both, after], { promised: "recovered" })]))).toEqual([])
    const gone = sample(300, { x: "web@n1", c: "web@n2" })
    expect(failedOf(evidence([phase([before, tried, both, gone], { promised: "recovered" })]))).toEqual([
      "tasks given up are the fewest moves: 2: web on n1, web on n1"
    ])
  })

  it("lets a service that its user deploys start anew", () => {
    const end = sample(400, { c: "web@n2", d: "web@n1" })
    expect(failedOf(evidence([phase([before, both, end], { deployed: ["web"] })]))).toEqual([])
  })

  it("sees a start or a write where all was to be still", () => {
    expect(failedOf(evidence([phase([after, both], { promised: "still", versions: ["web 1", "web 2"] })]))).toEqual([
      "nothing is started: web on n1",
      "no service is written: web 2"
    ])
  })

  it("sees a task that was given up for one that cannot start", () => {
    const lost = sample(100, { a: "web@n1", d: "web@n1" })
    expect(failedOf(evidence([phase([before, lost], { promised: "guarded" })]))).toEqual([
      "no task that served was given up: web on n1"
    ])
  })

  it("expects nothing of what Swarm does itself", () => {
    expect(failedOf(evidence([phase([before, sample(50, {})], { promised: "swarm" })]))).toEqual([])
  })

  it("sees what is left of a move, and another spec than the user's", () => {
    const given = evidence([], {
      configs: ["evenkeel-policy-1", "evenkeel-previous-w-1", "evenkeel-lost-1"],
      reading: {
        nodes: [],
        services: [seen({ specText: '{"Name":"web" }', previousSpecText: '{"Labels":{"evenkeel.journal.v1":""}}' })],
        tasks: []
      }
    })
    expect(failedOf(given)).toEqual([
      "just the tasks asked for serve: web 0",
      "specs are the user's, byte for byte: changed: web",
      "no label, constraint or config of a move is left: web, evenkeel-lost-1"
    ])
  })

  it("fails with the step that failed", () => {
    expect(failedOf(evidence([], { failure: "waited in vain" }))).toEqual(["all steps came to pass: waited in vain"])
  })
})
