/** Thousands of random commands and faults on the embedded Swarm, and what must hold after every commit. */
import { assert, describe, it } from "@effect/vitest"
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import * as Embedded from "../src/Embedded.ts"
import { canonical, type EngineObject, numberAt, textAt } from "../src/EngineValue.ts"
import * as Invariants from "../src/Invariants.ts"
import * as RandomCommands from "../src/RandomCommands.ts"
import { unrest } from "../src/Rest.ts"
import type { Observation } from "../src/Target.ts"

const shapes = [1, 2, 3].map((n) => ({
  ...{ name: `n${n}`, role: "manager" as const, nanoCpus: 4_000_000_000, memoryBytes: 8 * 1024 ** 3 },
  ...{ architecture: "x86_64", os: "linux" }
}))

const stepsOfARun = 150

/** Runs one seed; gives what it did and what it saw at the end. */
const play = (seed: number) => {
  const swarm = Embedded.make({ nodes: shapes, seed })
  const random = new SeededRandom(seed)
  const invariants = Invariants.make()
  const violations: Array<string> = []
  const log: Array<string> = []
  swarm.onChange(() => violations.push(...invariants.check(Embedded.observe(swarm))))
  for (let i = 0; i < stepsOfARun; i++) {
    log.push(RandomCommands.step(swarm, random))
    Embedded.advance(swarm, random.int(4) === 0 ? random.int(30_000) : random.int(2_000))
  }
  RandomCommands.mend(swarm)
  Embedded.advance(swarm, 120_000)
  RandomCommands.activate(swarm)
  Embedded.advance(swarm, 600_000)
  return { violations, log, end: Embedded.observe(swarm) }
}

describe("the embedded Swarm under random commands and faults", () => {
  for (let block = 0; block < 4; block++)
    it(
      `keeps its invariants and restores replicas, seeds ${block * 5 + 1} to ${block * 5 + 5}`,
      { timeout: 240_000 },
      () => {
        for (let seed = block * 5 + 1; seed <= block * 5 + 5; seed++) {
          const { violations, end } = play(seed)
          assert.deepStrictEqual(violations, [], `seed ${seed}`)
          const settled = Invariants.replicasRestored(bearable(end))
          assert.deepStrictEqual(settled, [], `seed ${seed}: ${unrest(end).join("; ")}`)
        }
      }
    )

  it("does the same for the same seed", { timeout: 120_000 }, () => {
    const [a, b] = [play(77), play(77)]
    assert.deepStrictEqual(a.log, b.log)
    assert.strictEqual(canonical(a.end), canonical(b.end))
    assert.notStrictEqual(canonical(a.end), canonical(play(78).end))
  })
})

/**
 * Without services that may rest with fewer tasks than they ask for: those whose update or rollback paused, and those that
 * reserve, which may not fit.
 */
const bearable = (seen: Observation): Observation => ({
  ...seen,
  services: seen.services.filter((service: EngineObject) => {
    const isPaused = textAt(service, "UpdateStatus", "State").endsWith("paused")
    const reserved = numberAt(service, "Spec", "TaskTemplate", "Resources", "Reservations", "NanoCPUs") ?? 0
    return !isPaused && reserved === 0
  })
})
