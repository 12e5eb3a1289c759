/**
 * Clusters on which earlier planners fell short of the optimum or could not prove that they had met it: room comes and goes with
 * the order of moves, or Swarm's choices have to be led round a corner.
 */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { Unevenness } from "../src/Plan.ts"
import { plan } from "../src/Planner.ts"
import { applyAll, applyMove } from "../src/planner/Simulate.ts"
import { type ClusterInput, snapshot } from "./fixtures/Cluster.ts"

interface HardCluster extends ClusterInput {
  readonly best: Unevenness
  readonly moves: number
}

const clusters = JSON.parse(
  readFileSync(new URL("./fixtures/hard-clusters.json", import.meta.url), "utf8")
) as ReadonlyArray<HardCluster>

describe.each(clusters.map((cluster, number) => ({ number, cluster })))("hard cluster $number", ({ cluster }) => {
  it("gets the best plan there is, and proves it", { timeout: 60_000 }, () => {
    const { bound, moves } = plan(snapshot(cluster))
    expect({ reached: bound?.reached, moves: moves.length, proved: bound?.proved }).toEqual({
      reached: cluster.best,
      moves: cluster.moves,
      proved: true
    })
  })

  it("comes to an end when it is planned anew after the first move", { timeout: 60_000 }, () => {
    const start = snapshot(cluster)
    const { moves } = plan(start)
    expect(plan(applyAll(start, moves)).moves).toEqual([])
    const [first] = moves
    if (first !== undefined) expect(plan(applyMove(start, first)).moves).toHaveLength(moves.length - 1)
  })
})
