import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import * as Journal from "@evenkeel/domain/MoveJournal"
import { Move, ServiceSpread, type Strategy } from "@evenkeel/domain/Plan"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import * as SpecEdits from "../src/SpecEdits.ts"
import { serviceOf, taskOf } from "./fixtures/Objects.ts"

const move = (strategy: Strategy) =>
  new Move({
    service: ServiceId.make("s1"),
    serviceName: "web",
    strategy,
    task: TaskId.make("t1"),
    slot: 1,
    from: NodeId.make("n1"),
    to: NodeId.make("n2"),
    alternatives: [],
    reason: new ServiceSpread({ from: 2, to: 0 }),
    text: "because"
  })

/** A spec as the engine writes it, with a number and a field that nobody here knows. */
const spec = (placement: string, updateConfig: string) =>
  `{"Name":"web","Labels":{"a":"\\u003cb\\u003e"},"TaskTemplate":{"ContainerSpec":{"Image":"x","Ulimit":9223372036854775807},${placement}"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":2}},${updateConfig}"EndpointSpec":{"Mode":"dnsrr"},"Future":[1.0]}`

const begin = (specText: string, strategy: Strategy, constraints: ReadonlyArray<string> = []) =>
  Either.getOrThrow(
    SpecEdits.begin(specText, {
      move: move(strategy),
      operation: "op1",
      startedAtMillis: 0,
      deadlineMillis: 1,
      service: serviceOf({ constraints, replicas: 2 }),
      liveTasks: [taskOf("t1"), taskOf("t2")]
    })
  )

const restore = (specText: string, journal: Journal.MoveJournal | null) =>
  Either.getOrThrow(SpecEdits.restore(specText, journal))

interface Update {
  readonly Parallelism?: number
}
const updateOf = (text: string) => (JSON.parse(text) as { UpdateConfig?: Update }).UpdateConfig
/** Absent and 0 are the same to the engine, which always writes it. */
const withParallelism = (value: object, Parallelism: number) => ({
  ...value,
  UpdateConfig: { ...(value as { UpdateConfig?: Update }).UpdateConfig, Parallelism }
})

const users = ["node.role==worker"]
const shapes: ReadonlyArray<[string, string, ReadonlyArray<string>]> = [
  ["no placement, no update config", spec("", ""), []],
  ["an empty placement", spec('"Placement":{},', ""), []],
  ["platforms only", spec('"Placement":{"Platforms":[{"Architecture":"amd64","OS":"linux"}]},', ""), []],
  ["the user's constraints", spec('"Placement":{"Constraints":["node.role==worker"]},', ""), users],
  ["an update config without order", spec("", '"UpdateConfig":{"Parallelism":2,"MaxFailureRatio":0},'), []],
  ["stop-first", spec("", '"UpdateConfig":{"Parallelism":2,"Order":"stop-first"},'), []],
  ["start-first", spec("", '"UpdateConfig":{"Parallelism":2,"Order":"start-first"},'), []]
]

describe.each(shapes)("a spec with %s", (_, text, constraints) => {
  it("is the user's again, byte for byte, after a pin", () => {
    const { specText, journal } = begin(text, "pin", constraints)
    const written = JSON.parse(specText) as {
      TaskTemplate: { Placement: { Constraints: Array<string> } }
      UpdateConfig: { Order: string }
    }
    expect(written.TaskTemplate.Placement.Constraints.slice(0, constraints.length)).toEqual(constraints)
    expect(written.TaskTemplate.Placement.Constraints).toContain("node.id==n2")
    expect(written.UpdateConfig.Order).toBe("start-first")
    expect(restore(specText, journal)).toBe(text)
  })
  it("is the user's again, byte for byte, after a surge", () => {
    const { specText, journal } = begin(text, "surge", constraints)
    expect(SpecText.get(specText, ["Mode", "Replicated", "Replicas"])).toBe("3")
    expect(restore(specText, journal)).toBe(text)
  })
  it("is the user's again, byte for byte, after an empty, which moves one task at a time", () => {
    const { specText, journal } = begin(text, "empty", constraints)
    expect(SpecText.get(specText, ["UpdateConfig", "Parallelism"])).toBe("1")
    expect(SpecText.get(specText, ["UpdateConfig", "Order"])).toBe('"start-first"')
    expect(JSON.parse(SpecText.get(specText, ["TaskTemplate", "Placement", "Constraints"]) ?? "[]")).toContain(
      "node.id!=n1"
    )
    expect(restore(specText, journal)).toBe(text)
  })
  it("is the user's again after a move that was withdrawn", () => {
    const { specText, journal } = begin(text, "pin", constraints)
    const withdrawn = Either.getOrThrow(SpecEdits.withdraw(specText, journal, "node.id==n1"))
    const own = JSON.parse(SpecText.get(withdrawn.specText, ["TaskTemplate", "Placement", "Constraints"]) ?? "[]")
    expect(own).toContain("node.id==n1")
    expect(own).not.toContain("node.id==n2")
    expect(own.slice(0, constraints.length)).toEqual(constraints)
    const { Labels } = JSON.parse(withdrawn.specText) as { Labels: Record<string, string> }
    expect(Journal.read(Labels)).toEqual({ _tag: "Found", journal: withdrawn.journal })
    expect(withdrawn.journal.withdrawn).toBe(true)
    expect(restore(withdrawn.specText, withdrawn.journal)).toBe(text)
  })
  it.each<Strategy>(["pin", "surge", "empty"])(
    "loses nothing that matters when the journal of a %s was removed",
    (strategy) => {
      const { specText } = begin(text, strategy, constraints)
      const bare = Either.getOrThrow(
        SpecText.apply(specText, [{ path: ["Labels", Journal.journalLabel], value: null }])
      ).text
      const strip = (json: string) => {
        const value = JSON.parse(json) as { TaskTemplate: { Placement?: Record<string, unknown> } }
        const placement = Object.entries(value.TaskTemplate.Placement ?? {}).filter(
          ([, each]) => !(Array.isArray(each) && each.length === 0)
        )
        if (placement.length === 0) delete value.TaskTemplate.Placement
        return value
      }
      expect(strip(SpecEdits.withoutMoves(bare).pipe(Either.getOrThrow))).toEqual(
        strategy === "empty" && updateOf(text) !== undefined && updateOf(text)?.Parallelism === undefined
          ? withParallelism(strip(text), 0)
          : strip(text)
      )
    }
  )
  it("carries the journal that restores it", () => {
    const { specText, journal } = begin(text, "pin", constraints)
    const { Labels } = JSON.parse(specText) as { Labels: Record<string, string> }
    expect(Journal.read(Labels)).toEqual({ _tag: "Found", journal })
  })
})

describe("somebody changes the spec in the middle of a move", () => {
  const text = spec('"Placement":{"Constraints":["node.role==worker"]},', "")
  const change = (specText: string, path: SpecText.Path, value: string) =>
    Either.getOrThrow(SpecText.apply(specText, [{ path, value }])).text

  it("keeps a constraint that the user added, and takes out the pin", () => {
    const { specText, journal } = begin(text, "pin", users)
    const constraints = [
      ...users,
      ...Journal.pinConstraints(NodeId.make("n2"), "op1", { order: "none", parallelism: null }),
      "node.labels.ssd==true"
    ]
    const changed = change(specText, ["TaskTemplate", "Placement", "Constraints"], JSON.stringify(constraints))
    expect(SpecText.get(restore(changed, journal), ["TaskTemplate", "Placement", "Constraints"])).toBe(
      '["node.role==worker","node.labels.ssd==true"]'
    )
  })
  it("keeps a new image", () => {
    const { specText, journal } = begin(text, "pin", users)
    const image: SpecText.Path = ["TaskTemplate", "ContainerSpec", "Image"]
    expect(restore(change(specText, image, '"y"'), journal)).toBe(change(text, image, '"y"'))
  })
  it.each(["pin", "empty"] as const)(
    "keeps a parallelism that came to the update config that a %s had made",
    (strategy) => {
      const { specText, journal } = begin(text, strategy, users)
      const path: SpecText.Path = ["UpdateConfig"]
      // As the engine writes it, with what was not named.
      const changed = change(
        specText,
        path,
        '{"Parallelism":4,"FailureAction":"pause","MaxFailureRatio":0,"Order":"start-first"}'
      )
      const restored = JSON.parse(SpecText.get(restore(changed, journal), path) ?? "null")
      expect(restored).toMatchObject({ Parallelism: 4 })
      const untouched = change(
        specText,
        path,
        '{"Parallelism":1,"FailureAction":"pause","MaxFailureRatio":0,"Order":"start-first"}'
      )
      expect(restore(untouched, journal)).toBe(text)
    }
  )
  it("keeps the number of replicas that somebody asked for while the surge had just that many", () => {
    const { specText, journal } = begin(text, "surge", users)
    const restored = Either.getOrThrow(SpecEdits.restore(specText, journal, { keepReplicas: true }))
    expect(restored).toBe(change(text, ["Mode", "Replicated", "Replicas"], "3"))
  })
  it("keeps the user's number of replicas", () => {
    const { specText, journal } = begin(text, "surge", users)
    const replicas: SpecText.Path = ["Mode", "Replicated", "Replicas"]
    expect(SpecText.get(restore(change(specText, replicas, "7"), journal), replicas)).toBe("7")
  })
})

it("a spec without a move is left as it is", () => {
  const text = spec("", "")
  expect(restore(text, null)).toBe(text)
})
