import { describe, expect, it } from "vitest"
import type { SeenContainer } from "../../src/drill/Observation.ts"
import { type CycleEvidence, judge } from "../../src/drill/Verdict.ts"

const container = (service: string, node: string, id = `${service}@${node}`): SeenContainer => ({
  id,
  service,
  node,
  task: id,
  startedAt: "t0"
})
const spec = (name: string, specText = `{"Name":"${name}"}`, previousSpecText: string | null = null) => ({
  name,
  specText,
  previousSpecText
})

const before = [
  ...["a", "b", "c"].map((service) => container(service, "n1")),
  ...["d", "e", "f"].map((service) => container(service, "n2")),
  container("router", "n1"),
  container("router", "n2")
]

const placed = (...counts: ReadonlyArray<number>) =>
  new Map([["all", new Map(counts.map((count, i) => [`n${i + 1}`, count]))]])

/** 3-3-0, and after two moves 2-2-2; the returned node's router is a new container. */
const good: CycleEvidence = {
  returnedNode: "n3",
  workload: new Set(["a", "b", "c", "d", "e", "f"]),
  globals: new Set(["router"]),
  placementsAtReturn: placed(3, 3, 0),
  placementsAtEnd: placed(2, 2, 2),
  containersAtReturn: before,
  containersAtEnd: [
    ...before.filter(({ service }) => service !== "a" && service !== "d"),
    container("a", "n3"),
    container("d", "n3"),
    container("router", "n3")
  ],
  killed: new Set(),
  servicesAtStart: [spec("a"), spec("b")],
  servicesAtEnd: [spec("a"), spec("b")],
  configsAtEnd: [],
  lostRequests: 0,
  sentRequests: 1_000,
  requestsPerSecond: { asked: 500, sent: 500 },
  streamsLate: 0,
  streamsBrokenElsewhere: 0
}

const failedChecks = (change: Partial<CycleEvidence>) =>
  judge({ ...good, ...change })
    .filter(({ passed }) => !passed)
    .map(({ name }) => name)

it("a cycle that ended as it should passes every check", () => {
  expect(failedChecks({})).toEqual([])
})

describe("a check fails", () => {
  it("when nothing moved back", () => {
    expect(failedChecks({ placementsAtEnd: good.placementsAtReturn, containersAtEnd: before })).toEqual([
      "placement is even",
      "tasks started since the return are the fewest moves"
    ])
  })
  it("when more was restarted than had to move", () => {
    const containersAtEnd = good.containersAtEnd.map((each) => (each.service === "b" ? { ...each, id: "b2" } : each))
    expect(failedChecks({ containersAtEnd })).toEqual([
      "tasks started since the return are the fewest moves",
      "every start is on the returned node"
    ])
  })
  it("when a container was restarted in place", () => {
    const containersAtEnd = good.containersAtEnd.map((each) =>
      each.service === "b" ? { ...each, startedAt: "t1" } : each
    )
    expect(failedChecks({ containersAtEnd })).toEqual(["tasks started since the return are the fewest moves"])
  })
  it("when another service was touched", () => {
    const containersAtEnd = good.containersAtEnd.map((each) =>
      each.service === "router" && each.node === "n1" ? { ...each, id: "r2" } : each
    )
    expect(failedChecks({ containersAtEnd })).toEqual(["no other task was touched"])
  })
  it("but not when the drill killed that one itself", () => {
    const containersAtEnd = good.containersAtEnd.map((each) =>
      each.service === "router" && each.node === "n1" ? { ...each, id: "r2" } : each
    )
    expect(failedChecks({ containersAtEnd, killed: new Set(["router@n1"]) })).toEqual([])
  })
  it("when a spec is not the user's any more", () => {
    expect(failedChecks({ servicesAtEnd: [spec("a", '{"Name":"a","x":1}'), spec("b")] })).toEqual([
      "specs are the user's, byte for byte"
    ])
  })
  it("but not for the rebalancer's own policy and history", () => {
    expect(failedChecks({ configsAtEnd: ["evenkeel-policy-3", "evenkeel-history-12"] })).toEqual([])
  })
  it("when the previous spec still holds a move", () => {
    const marked = '{"Labels":{"evenkeel.journal.move":"{}"}}'
    expect(failedChecks({ servicesAtEnd: [spec("a", undefined, marked), spec("b")] })).toEqual([
      "no label, constraint or config of a move remains"
    ])
  })
  it.each<[string, Partial<CycleEvidence>]>([
    ["no label, constraint or config of a move remains", { configsAtEnd: ["evenkeel-x"] }],
    ["no request was lost", { lostRequests: 1 }],
    ["the load was as asked", { requestsPerSecond: { asked: 500, sent: 400 } }],
    ["broken streams were open again within 3 s", { streamsLate: 1 }],
    ["no stream broke on a node that was not lost", { streamsBrokenElsewhere: 1 }]
  ])("%s", (name, change) => {
    expect(failedChecks(change)).toEqual([name])
  })
})
