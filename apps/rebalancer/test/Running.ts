/** How tests let the world of `World.ts` and a rebalancer go on until something holds. */
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { layerTest, type TestSwarm } from "@evenkeel/swarm-client/SwarmClientTest"
import * as World from "./World.ts"

/** Long after the services were made. A Monday. */
export const now = Date.parse("2026-06-01T00:00:00Z")

export const begin = Effect.gen(function* () {
  yield* TestClock.setTime(now)
  const world = yield* World.make
  return { world, specs: (yield* world.texts).map(({ spec }) => spec) }
})

/** Lets Swarm and the loop go on until the condition holds; 100 steps are 20 s of their time. */
export const until = <E, R>(world: World.World, holds: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    for (let steps = 0; steps < 100; steps++) {
      if (yield* holds) return
      yield* world.step
    }
    return yield* Effect.dieMessage("the condition did not hold within 100 steps")
  })

/** Until the first move has begun. */
export const untilBegun = (world: World.World) =>
  until(
    world,
    Effect.map(world.writes, (writes) => writes > 0)
  )

/** So many times 200 ms. */
export const steps = (world: World.World, count: number) =>
  Effect.forEach(Array.from({ length: count }), () => world.step, { discard: true })

/** Balanced, and every spec as its user wrote it, also the one that a rollback would bring back. */
export const isClean = (world: World.World, specs: ReadonlyArray<string>) =>
  Effect.map(Effect.all([world.placement, world.texts]), ([placement, texts]) => {
    const even = new Set(Object.values(placement)).size === 2
    return even && texts.every(({ spec, previous }, i) => spec === specs[i] && (previous ?? spec) === specs[i])
  })

export const provided = <A, E, R>(test: Effect.Effect<A, E, R>, swarm: TestSwarm = World.swarm) =>
  Effect.provide(test, layerTest(swarm))
