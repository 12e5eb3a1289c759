/**
 * Finds how chance has to fall where a recording leaves a choice open. Each step has a seed of its own; the best attempt so far
 * is the one that follows the recording longest, and the next one keeps its seeds up to where it left it. One that gets no
 * further goes back a step every few attempts, because what decides a step may have been chosen before it.
 */
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"

/** What to try: a seed for the embedded Swarm's own chance, and one for each step. */
export interface Attempt {
  readonly swarmSeed: number
  readonly stepSeeds: ReadonlyArray<number>
}

export interface Search {
  readonly next: () => Attempt
  /** `step` is the first, from 1, in which the attempt differs; 0 for the trace as a whole. */
  readonly failed: (attempt: Attempt, step: number, differences: number) => void
}

/** Attempts without getting further, until one more step is thrown open. */
const patience = 4

const seedsBelow = 2 ** 31

export const make = (seed: number, steps: number): Search => {
  const random = new SeededRandom(seed)
  const draw = () => random.int(seedsBelow)
  let best: Attempt | undefined
  let bestStep = -1
  let fewest = Infinity
  let stuck = 0
  return {
    next: () => {
      if (best === undefined) return { swarmSeed: draw(), stepSeeds: Array.from({ length: steps }, draw) }
      const from = Math.max(0, bestStep - 1 - Math.floor(stuck / patience))
      return {
        // Times are chance too: who reports first, what overtakes what.
        swarmSeed: stuck < patience ? best.swarmSeed : draw(),
        stepSeeds: best.stepSeeds.map((known, i) => (i < from ? known : draw()))
      }
    },
    failed: (attempt, step, differences) => {
      if (step > bestStep || (step === bestStep && differences < fewest)) {
        stuck = step > bestStep ? 0 : stuck + 1
        best = attempt
        bestStep = step
        fewest = differences
      } else stuck++
    }
  }
}
