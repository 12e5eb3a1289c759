/** What the leading instance writes into the policy by itself: the quarantine of a node that comes and goes. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Loop from "../src/Loop.ts"
import { listening } from "./Mended.ts"
import { begin, provided, steps, untilBegun } from "./Running.ts"
import * as World from "./World.ts"

/** A rebalancer that has seen n2 come and go three times. */
const flapped = Effect.gen(function* () {
  const { world } = yield* begin
  const control = yield* SwarmClientTestControl
  const state = (word: string) => control.patch("nodes", "n2", [{ path: ["Status", "State"], value: `"${word}"` }])
  const { lines, logger } = listening()
  const parts = yield* World.partsWith({ settings: { quarantineMillis: 15_000 } })
  yield* Effect.forkScoped(Loop.run(parts)).pipe(Effect.provide(logger))
  yield* steps(world, 2)
  for (let flap = 0; flap < 3; flap++) {
    yield* state("down")
    yield* steps(world, 3)
    yield* state("ready")
    yield* steps(world, 3)
  }
  return { lines, world }
})

const quarantines = Effect.map(PolicyStore.policy.read(), ({ value }) => value.quarantines)

describe("a node that comes and goes", () => {
  it.scoped("is put into quarantine in the Swarm's raft, and gets no task", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* flapped
        expect(yield* quarantines).toMatchObject([{ hostname: "n2", level: 1 }])
        yield* steps(world, 50)
        expect(yield* world.writes).toBe(0)
        yield* untilBegun(world)
      })
    )
  )

  it.scoped("is told of once where that cannot be written, which is tried again until it can", () =>
    provided(
      Effect.gen(function* () {
        const control = yield* SwarmClientTestControl
        const denied = { kind: "status", status: 403, message: "read-only" } as const
        yield* control.fail(denied, { path: "/configs/create", times: 5 })
        const { lines, world } = yield* flapped
        yield* steps(world, 20)
        expect(yield* quarantines).toMatchObject([{ hostname: "n2", level: 1 }])
        const told = lines.filter(({ event }) => event === "policy-failed").map(({ message }) => message)
        expect(told).toEqual([expect.stringMatching(/^the policy cannot be written: .*read-only/)])
      })
    )
  )
})
