/**
 * The new task does not come up where it should. At no moment do fewer tasks serve than are asked for, whatever the strategy,
 * the kind of failure and the user's failure action; and once the target is well again all ends balanced and clean.
 */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import { ServiceId } from "@evenkeel/domain/Ids"
import * as BrokenTargets from "./fixtures/BrokenTargets.ts"
import * as Instance from "./fixtures/Instance.ts"
import * as Scenarios from "./fixtures/Scenarios.ts"

const deadlineMillis = 6_000
const deadlineRounds = deadlineMillis / 200

describe("a target on which no task comes up", () => {
  it.effect.each(BrokenTargets.casesOf(Scenarios.scenarios))(
    "$strategy, the new task $fate, failure action $action",
    ({ action, fate, scenario }) =>
      Effect.gen(function* () {
        const { own, swarm } = yield* BrokenTargets.setUp(scenario, action, "stop-first")
        for (const node of ["n2", "n3"]) yield* swarm.setFate(node, fate)
        const planning = Scenarios.planningOf(scenario)
        const instance = yield* Instance.make(BrokenTargets.once(planning), null, deadlineMillis)
        yield* BrokenTargets.rounds(swarm, scenario, instance, deadlineRounds + 20)
        const decisions = instance.decisions.map(({ _tag }) => _tag)
        expect(decisions).toContain("Begin")
        for (const node of ["n2", "n3"]) yield* swarm.setFate(node, "runs")
        yield* BrokenTargets.rounds(swarm, scenario, yield* Instance.make(planning), 40)
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
