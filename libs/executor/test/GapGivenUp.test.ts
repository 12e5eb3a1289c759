/**
 * A stop-first move whose new task does not come up: the old one is gone by then. The move is given up after its deadline (or as
 * soon as Swarm pauses the update), the task serves again elsewhere while the target is still broken, the user's spec stands byte
 * for byte, and no two tasks of a slot ever run at once. Once the target is well a later move ends as planned.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as BrokenTargets from "./fixtures/BrokenTargets.ts"
import * as Instance from "./fixtures/Instance.ts"
import * as Scenarios from "./fixtures/Scenarios.ts"

const deadlineMillis = 4_000
const deadlineRounds = deadlineMillis / 200

const scenarios: ReadonlyArray<Scenarios.Scenario> = [
  { strategy: "pin", order: "stop-first", before: ["n1"], after: ["n2"], moved: 1 },
  { strategy: "empty", order: "stop-first", before: ["n1", "n3", "n3"], after: ["n2", "n3", "n3"], moved: 1 }
]

/** The user's own updates are start-first where Swarm does not roll back by it: the move's order must not depend on theirs. */
const setUp = (scenario: Scenarios.Scenario, action: BrokenTargets.Action) =>
  BrokenTargets.setUp(scenario, action, action === "rollback" ? "stop-first" : "start-first")

describe("a move with a gap to a node on which no task comes up", () => {
  it.effect.each(BrokenTargets.casesOf(scenarios))(
    "$strategy, the new task $fate, failure action $action",
    ({ action, fate, scenario }) =>
      Effect.gen(function* () {
        const { own, swarm } = yield* setUp(scenario, action)
        yield* swarm.setFate("n2", fate)
        const planning = Scenarios.planningOf(scenario)
        const instance = yield* Instance.make(BrokenTargets.once(planning), null, deadlineMillis)
        yield* BrokenTargets.rounds(swarm, scenario, instance, deadlineRounds + 30)
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
        yield* BrokenTargets.rounds(swarm, scenario, yield* Instance.make(planning), 40)
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
        const instance = yield* Instance.make(BrokenTargets.once(Scenarios.planningOf(scenario)), null, deadlineMillis)
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
        const instance = yield* Instance.make(BrokenTargets.once(Scenarios.planningOf(scenario)))
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
