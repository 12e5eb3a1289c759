/**
 * The new task does not come up where it should. At no moment do fewer tasks serve than are asked for, whatever the strategy,
 * the kind of failure and the user's failure action; and once the target is well again all ends balanced and clean.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { describe, expect } from "vitest"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import { ServiceId } from "@evenkeel/domain/Ids"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import * as Instance from "./fixtures/Instance.ts"
import type { Fate } from "./fixtures/MiniSwarm.ts"
import * as Scenarios from "./fixtures/Scenarios.ts"

const deadlineMillis = 6_000
const deadlineRounds = deadlineMillis / 200
const broken: ReadonlyArray<Fate> = ["stuck", "fails"]
const actions = [null, "pause", "continue", "rollback"] as const

const cases = Scenarios.scenarios.flatMap((scenario) =>
  broken.flatMap((fate) => actions.map((action) => ({ scenario, strategy: scenario.strategy, fate, action })))
)

/** A user's update config; the engine writes all of its fields. */
const withAction = (specText: string, action: (typeof actions)[number]) =>
  action === null
    ? specText
    : Either.getOrThrow(
        SpecText.apply(specText, [
          {
            path: ["UpdateConfig"],
            value: JSON.stringify({ Parallelism: 2, FailureAction: action, MaxFailureRatio: 0, Order: "stop-first" })
          }
        ])
      ).text

describe("a target on which no task comes up", () => {
  it.effect.each(cases)(
    "$strategy, the new task $fate, failure action $action",
    ({ action, fate, scenario }) =>
      Effect.gen(function* () {
        const swarm = yield* Scenarios.setUp
        const own = withAction(Scenarios.ownSpec(scenario), action)
        yield* swarm.control.patch("services", "web", [
          { path: ["Spec"], value: own },
          { path: ["PreviousSpec"], value: own }
        ])
        for (const node of ["n2", "n3"]) yield* swarm.setFate(node, fate)
        const planning = Scenarios.planningOf(scenario)
        // The same broken move is not begun for ever: brakes see to that.
        let begun = 0
        const instance = yield* Instance.make(
          (snapshot) => (begun++ === 0 ? planning(snapshot) : null),
          null,
          deadlineMillis
        )
        for (let round = 0; round < deadlineRounds + 20; round++) {
          yield* instance.round
          yield* swarm.tick
          yield* Scenarios.expectEnough(swarm, scenario)
        }
        const decisions = instance.decisions.map(({ _tag }) => _tag)
        expect(decisions).toContain("Begin")
        for (const node of ["n2", "n3"]) yield* swarm.setFate(node, "runs")
        const healer = yield* Instance.make(planning)
        for (let round = 0; round < 40; round++) {
          yield* healer.round
          yield* swarm.tick
          yield* Scenarios.expectEnough(swarm, scenario)
        }
        const { previous, spec } = yield* swarm.specOf("web")
        expect(spec).toBe(own)
        expect(previous).toBe(own)
        const snapshot = yield* swarm.snapshot
        const service = snapshot.service(ServiceId.make("web"))
        expect(service !== undefined && MoveProgress.isTouched(service)).toBe(false)
        expect(Scenarios.placement(snapshot)).toEqual(scenario.after)
      }).pipe(Effect.provide(Scenarios.layerOf(scenario))),
    60_000
  )
})
