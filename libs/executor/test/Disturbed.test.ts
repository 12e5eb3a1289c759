/**
 * Others meddle at every moment of a move: they roll back, deploy, scale, the target is lost. Each story ends balanced and
 * clean, with the spec that the user asked for last, and with what they could roll back to.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { describe, expect } from "vitest"
import { ServiceId } from "@evenkeel/domain/Ids"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { wireNode } from "@evenkeel/swarm-client/TestWire"
import * as PreviousSpecs from "../src/PreviousSpecs.ts"
import * as Instance from "./fixtures/Instance.ts"
import type { MiniSwarm } from "./fixtures/MiniSwarm.ts"
import * as Scenarios from "./fixtures/Scenarios.ts"

const web = ServiceId.make("web")
const mostRounds = 200
const rounds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

const patched = (specText: string, path: SpecText.Path, value: string) =>
  Either.getOrThrow(SpecText.apply(specText, [{ path, value }])).text

/** As the docker CLI does it: the spec as it stands, one value changed. */
const edit = (path: SpecText.Path, value: string) =>
  Effect.gen(function* () {
    const client = yield* SwarmClient
    const { specText, version } = yield* client.service("web")
    yield* client.updateService({ id: web, version, specText: patched(specText, path, value) })
  })

const imagePath = ["TaskTemplate", "ContainerSpec", "Image"]
const replicasPath = ["Mode", "Replicated", "Replicas"]

interface Disturbance {
  readonly name: string
  readonly happens: (swarm: MiniSwarm, scenario: Scenarios.Scenario) => Effect.Effect<unknown, Error, SwarmClient>
  /** The spec that stands at the end. */
  readonly spec: (own: string, scenario: Scenarios.Scenario) => string
  /** What `evenkeel service rollback` then goes back to; absent where that depends on the moment. */
  readonly rollsBackTo?: (own: string, scenario: Scenarios.Scenario) => string
  /** Whether it may stop tasks itself. */
  readonly stopsTasks?: boolean
  readonly strategies?: ReadonlyArray<string>
}

const disturbances: ReadonlyArray<Disturbance> = [
  {
    name: "docker service rollback",
    happens: () =>
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const { service, specText, version } = yield* client.service("web")
        // Before and after the move that is a rollback of the user's own deploy; what is meant is one in the middle.
        if (!MoveProgress.isTouched(service)) return
        yield* client.updateService({ id: web, version, specText, rollback: "previous" })
      }),
    spec: (own) => own,
    stopsTasks: true
  },
  {
    name: "a new image",
    happens: () => edit(imagePath, '"web:3"'),
    spec: (own) => patched(own, imagePath, '"web:3"'),
    rollsBackTo: (own) => own,
    stopsTasks: true
  },
  {
    name: "another label",
    happens: () => edit(["Labels", "team"], '"green"'),
    spec: (own) => patched(own, ["Labels", "team"], '"green"'),
    rollsBackTo: (own) => own
  },
  {
    name: "a constraint of the user's",
    happens: () =>
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const { service } = yield* client.service("web")
        const constraints = ["node.role==manager", ...service.placement.constraints]
        yield* edit(["TaskTemplate", "Placement", "Constraints"], JSON.stringify(constraints))
      }),
    spec: (own) => {
      const text = patched(own, ["TaskTemplate", "Placement", "Constraints"], '["node.role==manager"]')
      return SpecText.canonical(text) ?? ""
    },
    rollsBackTo: (own) => own
  },
  {
    name: "a deploy that overwrites everything",
    happens: (_, scenario) =>
      Effect.gen(function* () {
        const client = yield* SwarmClient
        const { version } = yield* client.service("web")
        const specText = patched(Scenarios.ownSpec(scenario), ["Labels", "team"], '"red"')
        yield* client.updateService({ id: web, version, specText })
      }),
    spec: (own) => patched(own, ["Labels", "team"], '"red"'),
    rollsBackTo: (own) => own,
    stopsTasks: true
  },
  {
    name: "one replica more",
    happens: (_, { before }) => edit(replicasPath, String(before.length + 1)),
    spec: (own, { before }) => patched(own, replicasPath, String(before.length + 1)),
    rollsBackTo: (own) => own,
    strategies: ["surge"]
  },
  {
    name: "the loss of the target, which comes back",
    happens: (swarm) => swarm.control.put("nodes", wireNode({ id: "n2", state: "down" })),
    spec: (own) => own,
    rollsBackTo: (_, scenario) => Scenarios.usersPrevious(scenario),
    stopsTasks: true
  }
]

const isCalm = (swarm: MiniSwarm, planning: Instance.Planning) =>
  Effect.map(swarm.snapshot, (snapshot) => {
    const service = snapshot.service(web)
    const live = snapshot.tasksOfService(web).filter(({ desired }) => desired === "running")
    return (
      service !== undefined &&
      !MoveProgress.isTouched(service) &&
      !MoveProgress.isRollingOut(service) &&
      live.length === service.replicas &&
      live.every(({ isServing }) => isServing) &&
      planning(snapshot) === null
    )
  })

const disturbed = (scenario: Scenarios.Scenario, disturbance: Disturbance, at: number) =>
  Effect.gen(function* () {
    const swarm = yield* Scenarios.setUp
    const planning = Scenarios.planningOf(scenario)
    const instance = yield* Instance.make(planning)
    let calm = 0
    for (let round = 0; round < mostRounds && calm < 3; round++) {
      yield* instance.round
      if (round === at) yield* disturbance.happens(swarm, scenario)
      if (round === at + 6) yield* swarm.control.put("nodes", wireNode({ id: "n2" }))
      yield* swarm.tick
      if (disturbance.stopsTasks !== true) yield* Scenarios.expectEnough(swarm, scenario)
      calm = round > at + 6 && (yield* isCalm(swarm, planning)) ? calm + 1 : 0
    }
    expect(calm).toBe(3)
    const own = Scenarios.ownSpec(scenario)
    const { spec } = yield* swarm.specOf("web")
    const expected = disturbance.spec(own, scenario)
    expect(SpecText.canonical(spec)).toBe(SpecText.canonical(expected))
    const record = yield* Effect.flatMap(SwarmClient, (client) => client.service("web"))
    const target = yield* PreviousSpecs.rollbackTarget(record)
    if (disturbance.rollsBackTo !== undefined)
      expect(SpecText.canonical(target?.specText ?? "")).toBe(
        SpecText.canonical(disturbance.rollsBackTo(own, scenario))
      )
  }).pipe(Effect.provide(Scenarios.layerOf(scenario)))

describe.each(disturbances)("$name in the middle of a move", (disturbance) => {
  const concerned = Scenarios.scenarios.filter(
    ({ strategy }) => disturbance.strategies === undefined || disturbance.strategies.includes(strategy)
  )
  it.effect.each(concerned)(
    "by $strategy, at every step",
    (scenario) =>
      Effect.forEach(
        rounds,
        (at) =>
          disturbed(scenario, disturbance, at).pipe(
            Effect.catchAllDefect((defect) =>
              Effect.die(new Error(`in round ${at}: ${defect instanceof Error ? defect.message : String(defect)}`))
            )
          ),
        { discard: true }
      ),
    90_000
  )
})
