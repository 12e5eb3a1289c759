import { describe, expect, it } from "vitest"
import * as Constraint from "../../src/rules/Constraint.ts"
import { node } from "../fixtures/Cluster.ts"

const worker = node({
  name: "Worker-1",
  role: "worker",
  address: "10.1.2.3",
  labels: { zone: "East", Zone: "other", empty: "" },
  engineLabels: { disk: "ssd" },
  platform: { os: "linux", architecture: "x86_64" }
})

const matches = (...texts: ReadonlyArray<string>) =>
  Constraint.nodeMatches(Constraint.parseAll(texts) ?? expect.fail(`refused: ${texts.join()}`), worker)

describe("a constraint's text", () => {
  it.each([
    ["node.role==manager", { key: "node.role", operator: "==", value: "manager" }],
    [" node.labels.zone != east ", { key: "node.labels.zone", operator: "!=", value: "east" }],
    ["node.ip==2001:db8::/32", { key: "node.ip", operator: "==", value: "2001:db8::/32" }]
  ])("%s is read", (text, expected) => expect(Constraint.parse(text)).toEqual(expected))

  it.each([
    "node.role",
    "node.role=manager",
    "==x",
    "1key==x",
    "node.role==",
    "node.role==a,b",
    "a b==c",
    "node.id==a!=b"
  ])("%s is refused", (text) => {
    expect(Constraint.parse(text)).toBeNull()
    expect(Constraint.parseAll(["node.role==worker", text])).toBeNull()
  })
})

describe("a node", () => {
  it("matches by id, hostname, role and platform without regard to case", () => {
    expect(matches("node.id==worker-1", "NODE.HOSTNAME==WORKER-1", "node.role==Worker")).toBe(true)
    expect(matches("node.platform.os==Linux", "node.platform.arch==x86_64")).toBe(true)
    expect(matches("node.platform.arch==amd64")).toBe(false)
    expect(matches("node.hostname==worker")).toBe(false)
    expect(matches("node.role!=worker")).toBe(false)
  })

  it("matches labels: the value in any case, the name exactly, a missing one as empty", () => {
    expect(matches("node.labels.zone==east", "engine.labels.disk==SSD", "Node.Labels.zone==EAST")).toBe(true)
    expect(matches("node.labels.Zone==east")).toBe(false)
    expect(matches("node.labels.rack!=a")).toBe(true)
    expect(matches("node.labels.rack==a")).toBe(false)
    expect(matches("node.labels.disk==ssd")).toBe(false)
    expect(matches("node.labels.toString!=a")).toBe(true)
  })

  it("matches no constraint with a key that is not known, whichever the operator", () => {
    expect(matches("node.colour==red")).toBe(false)
    expect(matches("node.colour!=red")).toBe(false)
    expect(matches("node.labels.==red")).toBe(false)
  })

  it.each([
    ["node.ip==10.1.2.3", true],
    ["node.ip!=10.1.2.3", false],
    ["node.ip==10.1.2.4", false],
    ["node.ip==10.1.0.0/16", true],
    ["node.ip==10.2.0.0/16", false],
    ["node.ip!=10.2.0.0/16", true],
    ["node.ip==0.0.0.0/0", true],
    ["node.ip==10.1.2.3/32", true],
    ["node.ip==::ffff:10.1.2.3", true],
    ["node.ip==2001:db8::1", false],
    ["node.ip==nonsense", false],
    ["node.ip!=nonsense", false],
    ["node.ip!=10.1.2.3/33", false],
    ["node.ip!=10.1.2.256", false]
  ])("%s is %s", (text, expected) => expect(matches(text)).toBe(expected))

  it.each([
    ["node.ip==2001:db8::1", true],
    ["node.ip==2001:DB8:0:0:0:0:0:1", true],
    ["node.ip==2001:db8::/32", true],
    ["node.ip==2001:db9::/32", false],
    ["node.ip==0.0.0.0/0", false],
    ["node.ip!=2001:db8:::1", false]
  ])("with an address of version 6: %s is %s", (text, expected) => {
    const constraints = Constraint.parseAll([text]) ?? []
    expect(Constraint.nodeMatches(constraints, node({ name: "six", address: "2001:db8::1" }))).toBe(expected)
  })
})
