/** The history of moves as an instance keeps it, and as it outlives the instance. */
import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import type { PastMove } from "@evenkeel/executor/brakes/MoveHistory"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as HistoryKeeper from "../src/HistoryKeeper.ts"
import * as Loop from "../src/Loop.ts"
import { begin, isClean, now, provided, steps, until } from "./Running.ts"
import * as World from "./World.ts"

const past: PastMove = {
  operation: "op",
  service: ServiceId.make("a"),
  serviceName: "a",
  strategy: "pin",
  task: TaskId.make("a1"),
  from: NodeId.make("n1"),
  fromName: "n1",
  to: NodeId.make("n2"),
  toName: "n2",
  outcome: "completed",
  because: "",
  startedAtMillis: now,
  endedAtMillis: now
}

describe("the history", () => {
  it.scoped("outlives the process, and its limits with it", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const settings = { movesPerHour: 1 }
        const running = yield* Effect.fork(Loop.run(yield* World.partsWith({ settings })))
        yield* until(world, isClean(world, specs))
        yield* steps(world, 5)
        yield* Fiber.interrupt(running)
        const next = yield* World.partsWith({ settings })
        yield* Effect.forkScoped(Loop.run(next))
        yield* steps(world, 10)
        const { engaged } = yield* Ref.get(next.state)
        expect(engaged).toMatchObject([{ brake: "moves-per-hour", untilMillis: expect.any(Number) }])
      })
    )
  )

  it.scoped("does not forget what was written while an older answer was on its way", () =>
    provided(
      Effect.gen(function* () {
        yield* begin
        const client = yield* SwarmClient
        const keeper = yield* HistoryKeeper.make
        const released = yield* Deferred.make<void>()
        const slow: typeof client = {
          ...client,
          listConfigs: (filter) => Effect.zipLeft(client.listConfigs(filter), Deferred.await(released))
        }
        const reading = yield* Effect.fork(Effect.provideService(HistoryKeeper.moves(keeper), SwarmClient, slow))
        yield* TestClock.adjust("100 millis")
        yield* HistoryKeeper.add(keeper, past)
        expect(yield* HistoryKeeper.flush(keeper)).toBe(true)
        yield* Deferred.succeed(released, undefined)
        yield* Fiber.join(reading)
        expect(yield* HistoryKeeper.moves(keeper)).toEqual([past])
      })
    )
  )

  it.scoped("that could not be written is not one that is unknown, whoever leads next", () =>
    provided(
      Effect.gen(function* () {
        yield* begin
        const control = yield* SwarmClientTestControl
        const keeper = yield* HistoryKeeper.make
        yield* HistoryKeeper.add(keeper, past)
        yield* control.fail({ kind: "unreachable" }, { path: "/configs/create" })
        expect(yield* HistoryKeeper.flush(keeper)).toBe(false)
        yield* HistoryKeeper.forget(keeper)
        expect(yield* HistoryKeeper.failure(keeper)).toBeNull()
        // It is read at once, and what cannot be read is unknown.
        yield* control.fail({ kind: "unreachable" }, { path: "/configs" })
        yield* HistoryKeeper.moves(keeper)
        expect(yield* HistoryKeeper.failure(keeper)).toMatch(/cannot be reached/)
      })
    )
  )

  it.scoped("is written later when it cannot be written now, and holds nothing up", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const control = yield* SwarmClientTestControl
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* control.fail({ kind: "hang" }, { path: "/configs/create", times: 2 })
        yield* until(world, isClean(world, specs))
        expect((yield* PolicyStore.history.read()).value.moves).toEqual([])
        yield* until(
          world,
          Effect.map(PolicyStore.history.read(), ({ value }) => value.moves.length === 1)
        )
      })
    )
  )
})
