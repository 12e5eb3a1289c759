/**
 * A stop-first move whose new task does not come up: the old one is gone by then. The move is given up after its deadline (or as
 * soon as Swarm pauses the update), the task serves again elsewhere while the target is still broken, the user's spec stands byte
 * for byte, and no two tasks of a slot ever run at once. Once the target is well a later move ends as planned.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { describe, expect } from "vitest"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import * as Instance from "./fixtures/Instance.ts"
import type { Fate } from "./fixtures/MiniSwarm.ts"
import * as Scenarios from "./fixtures/Scenarios.ts"

const deadlineMillis = 4_000
const deadlineRounds = deadlineMillis / 200

const scenarios: ReadonlyArray<Scenarios.Scenario> = [
  { strategy: "pin", order: "stop-first", before: ["n1"], after: ["n2"], moved: 1 },
  { strategy: "empty", order: "stop-first", before: ["n1", "n3", "n3"], after: ["n2", "n3", "n3"], moved: 1 }
]
const broken: ReadonlyArray<Fate> = ["stuck", "fails"]
const actions = [null, "pause", "continue", "rollback"] as const
type Action = (typeof actions)[number]

const cases = scenarios.flatMap((scenario) =>
  broken.flatMap((fate) => actions.map((action) => ({ scenario, strategy: scenario.strategy, fate, action })))
)

/** The user's own updates are start-first where Swarm does not roll back by it: the move's order must not depend on theirs. */
const withAction = (specText: string, action: Action) =>
  action === null
    ? specText
    : Either.getOrThrow(
        SpecText.apply(specText, [
          {
            path: ["UpdateConfig"],
            value: JSON.stringify({
              Parallelism: 2,
              FailureAction: action,
              MaxFailureRatio: 0,
              Order: action === "rollback" ? "stop-first" : "start-first"
            })
          }
        ])
      ).text

const setUp = Effect.fnUntraced(function* (scenario: Scenarios.Scenario, action: Action) {
  const swarm = yield* Scenarios.setUp
  const own = withAction(Scenarios.ownSpec(scenario), action)
  yield* swarm.control.patch("services", "web", [
    { path: ["Spec"], value: own },
    { path: ["PreviousSpec"], value: own }
  ])
  return { swarm, own }
})

/** Begins one move and no other: brakes see to that elsewhere. */
const once = (planning: Instance.Planning): Instance.Planning => {
  let begun = false
  return (snapshot) => {
    const move = begun ? null : planning(snapshot)
    begun ||= move !== null
    return move
  }
}

describe("a move with a gap to a node on which no task comes up", () => {
  it.effect.each(cases)(
    "$strategy, the new task $fate, failure action $action",
    ({ action, fate, scenario }) =>
      Effect.gen(function* () {
        const { own, swarm } = yield* setUp(scenario, action)
        yield* swarm.setFate("n2", fate)
        const planning = Scenarios.planningOf(scenario)
        const instance = yield* Instance.make(once(planning), null, deadlineMillis)
        for (let round = 0; round < deadlineRounds + 30; round++) {
          yield* instance.round
          yield* swarm.tick
          yield* Scenarios.expectEnough(swarm, scenario)
        }
        const { previous, spec } = yield* swarm.specOf("web")
        expect(spec).toBe(own)
        // Swarm's own rollback leaves no previous spec, and places the task by its own rules, on the broken node as on any.
        expect(previous ?? own).toBe(own)
        if (!(action === "rollback" && fate === "fails")) {
          const steps = instance.decisions.filter(({ _tag }) => _tag !== "Idle")
          expect(steps.map(({ _tag }) => _tag)).toEqual(["Begin", "Withdraw", "Restore", "Settle"])
          expect(steps[2]).toMatchObject({ outcome: "undone" })
          const serving = Scenarios.placement(yield* swarm.snapshot)
          expect(serving).toHaveLength(scenario.before.length)
          expect(serving).not.toContain("n2")
        }
        yield* swarm.setFate("n2", "runs")
        const healer = yield* Instance.make(planning)
        for (let round = 0; round < 40; round++) {
          yield* healer.round
          yield* swarm.tick
          yield* Scenarios.expectEnough(swarm, scenario)
        }
        const after = yield* swarm.specOf("web")
        expect(after.spec).toBe(own)
        expect(after.previous ?? own).toBe(own)
        const serving = Scenarios.placement(yield* swarm.snapshot)
        expect(serving).toHaveLength(scenario.before.length)
        expect(serving).not.toContain("n1")
      }).pipe(Effect.provide(Scenarios.layerOf(scenario))),
    60_000
  )

  it.effect("comes up nowhere: the user's spec goes back after as long again", () =>
    Effect.gen(function* () {
      const [scenario] = scenarios
      if (scenario === undefined) return
      yield* Effect.gen(function* () {
        const { own, swarm } = yield* setUp(scenario, null)
        for (const node of ["n1", "n2", "n3"]) yield* swarm.setFate(node, "stuck")
        const instance = yield* Instance.make(once(Scenarios.planningOf(scenario)), null, deadlineMillis)
        for (let round = 0; round < 2 * deadlineRounds - 5; round++) {
          yield* instance.round
          yield* swarm.tick
        }
        expect((yield* swarm.specOf("web")).spec).not.toBe(own)
        for (let round = 0; round < 20; round++) {
          yield* instance.round
          yield* swarm.tick
        }
        expect((yield* swarm.specOf("web")).spec).toBe(own)
        const told = instance.decisions.find(({ _tag }) => _tag === "Restore")
        expect(told).toMatchObject({ outcome: "undone" })
        expect(told).toHaveProperty("because", expect.stringContaining("has not come up elsewhere either"))
      }).pipe(Effect.provide(Scenarios.layerOf(scenario)))
    })
  )
})

describe("the user's rollback in the middle of a move with a gap", () => {
  it.effect.each(
    Scenarios.gapScenarios.flatMap((scenario) => [1, 3, 5].map((at) => ({ scenario, strategy: scenario.strategy, at })))
  )(
    "$strategy, in round $at: their spec, settled, all tasks serving",
    ({ at, scenario }) =>
      Effect.gen(function* () {
        const swarm = yield* Scenarios.setUp
        const instance = yield* Instance.make(once(Scenarios.planningOf(scenario)))
        for (let round = 0; round < 60; round++) {
          yield* instance.round
          if (round === at) {
            const { previous, spec } = yield* swarm.specOf("web")
            yield* swarm.control.patch("services", "web", [
              { path: ["Spec"], value: previous ?? "{}" },
              { path: ["PreviousSpec"], value: spec },
              { path: ["UpdateStatus"], value: '{"State":"rollback_started"}' }
            ])
          }
          yield* swarm.tick
          yield* Scenarios.expectEnough(swarm, scenario)
        }
        expect(yield* Scenarios.isClean(swarm, scenario)).toBe(true)
        expect(Scenarios.placement(yield* swarm.snapshot)).toHaveLength(scenario.before.length)
      }).pipe(Effect.provide(Scenarios.layerOf(scenario))),
    30_000
  )
})
