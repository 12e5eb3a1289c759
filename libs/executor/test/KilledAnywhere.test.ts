/**
 * The executor is ended, or delayed, at every one of its engine calls in turn, for every strategy. Whatever the call, the story
 * ends the same: balanced, the spec byte for byte the user's, nothing restarted that was not moved, and never fewer tasks
 * serving than are asked for; with a gap one fewer, and never two of a slot at once.
 */
import { it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import * as Instance from "./fixtures/Instance.ts"
import * as Scenarios from "./fixtures/Scenarios.ts"

const mostRounds = 150

/** Rounds of one instance, Swarm acting after each, until all is done. Gives whether it was. */
const runToEnd = Effect.fnUntraced(function* (
  swarm: Effect.Effect.Success<typeof Scenarios.setUp>,
  scenario: Scenarios.Scenario,
  instance: Instance.Instance
) {
  for (let rounds = 0; rounds < mostRounds; rounds++) {
    yield* instance.round
    yield* swarm.tick
    yield* Scenarios.expectEnough(swarm, scenario)
    if (yield* Scenarios.isDone(swarm, scenario)) return true
  }
  return false
})

const afterwards = Effect.fnUntraced(function* (
  swarm: Effect.Effect.Success<typeof Scenarios.setUp>,
  scenario: Scenarios.Scenario,
  instance: Instance.Instance
) {
  for (let rounds = 0; rounds < 3; rounds++) {
    yield* instance.round
    yield* swarm.tick
  }
  yield* Scenarios.expectEnded(swarm, scenario)
})

/** How many engine calls an undisturbed instance makes until all is done. */
const countCalls = (scenario: Scenarios.Scenario) =>
  Effect.gen(function* () {
    const swarm = yield* Scenarios.setUp
    const instance = yield* Instance.make(Scenarios.planningOf(scenario))
    expect(yield* runToEnd(swarm, scenario, instance)).toBe(true)
    const calls = instance.calls()
    yield* afterwards(swarm, scenario, instance)
    return calls
  }).pipe(Effect.provide(Scenarios.layerOf(scenario)))

const killedAt = (scenario: Scenarios.Scenario, interception: Instance.Interception) =>
  Effect.gen(function* () {
    const swarm = yield* Scenarios.setUp
    const planning = Scenarios.planningOf(scenario)
    const first = yield* Instance.make(planning, interception)
    const exit = yield* Effect.exit(runToEnd(swarm, scenario, first))
    expect(
      Exit.isFailure(exit) && Cause.defects(exit.cause).pipe((defects) => [...defects].every(Instance.isKilled))
    ).toBe(true)
    yield* swarm.tick
    const second = yield* Instance.make(planning)
    expect(yield* runToEnd(swarm, scenario, second)).toBe(true)
    yield* afterwards(swarm, scenario, second)
  }).pipe(Effect.provide(Scenarios.layerOf(scenario)))

/** One instance hangs in a call, as in a long pause of its machine; another does all there is to do; then the first goes on. */
const heldBackAt = (scenario: Scenarios.Scenario, call: number, roundsMeanwhile: number) =>
  Effect.gen(function* () {
    const swarm = yield* Scenarios.setUp
    const planning = Scenarios.planningOf(scenario)
    const reached = yield* Deferred.make<void>()
    const released = yield* Deferred.make<void>()
    const held = yield* Instance.make(planning, { call, kind: "hold", reached, released })
    const other = yield* Instance.make(planning)
    const running = yield* Effect.fork(
      Effect.gen(function* () {
        for (let rounds = 0; rounds < mostRounds; rounds++) {
          yield* held.round
          yield* swarm.tick
          if (yield* Deferred.isDone(released)) return
        }
      })
    )
    yield* Deferred.await(reached)
    for (let rounds = 0; rounds < roundsMeanwhile && !(yield* Scenarios.isDone(swarm, scenario)); rounds++) {
      yield* other.round
      yield* swarm.tick
      yield* Scenarios.expectEnough(swarm, scenario)
    }
    yield* Deferred.succeed(released, undefined)
    yield* Fiber.join(running)
    // Both go on, each believing that it leads.
    for (let rounds = 0; rounds < mostRounds; rounds++) {
      yield* Effect.all([held.round, other.round], { concurrency: 2 })
      yield* swarm.tick
      yield* Scenarios.expectEnough(swarm, scenario)
      if (yield* Scenarios.isDone(swarm, scenario)) break
    }
    yield* afterwards(swarm, scenario, other)
  }).pipe(Effect.provide(Scenarios.layerOf(scenario)))

describe.each([...Scenarios.scenarios, ...Scenarios.gapScenarios])("a $order move by $strategy", (scenario) => {
  it.effect(
    "is killed before and after every engine call, and a successor ends it",
    () =>
      Effect.gen(function* () {
        const calls = yield* countCalls(scenario)
        expect(calls).toBeGreaterThan(12)
        for (let call = 1; call <= calls; call++)
          for (const kind of ["die before", "die after"] as const)
            yield* killedAt(scenario, { call, kind }).pipe(
              Effect.mapError((error) => new Error(`${kind} call ${call} of ${calls}: ${error}`)),
              Effect.catchAllDefect((defect) => Effect.die(new Error(`${kind} call ${call}: ${String(defect)}`)))
            )
      }),
    120_000
  )

  it.effect(
    "is made by two instances that both believe they lead, the one held back at every call",
    () =>
      Effect.gen(function* () {
        const calls = yield* countCalls(scenario)
        for (let call = 1; call <= calls; call++)
          for (const meanwhile of [2, 20])
            yield* heldBackAt(scenario, call, meanwhile).pipe(
              Effect.mapError((error) => new Error(`held at call ${call}: ${error}`)),
              Effect.catchAllDefect((defect) =>
                Effect.die(new Error(`held at call ${call} for ${meanwhile}: ${String(defect)}`))
              )
            )
      }),
    120_000
  )
})
