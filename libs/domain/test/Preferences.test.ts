/** A service with a preference over several nodes for each value, alone: Swarm's choice of the value is chance at times. */
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { plan } from "../src/Planner.ts"
import { applyAll } from "../src/planner/Simulate.ts"
import { snapshot } from "./fixtures/Cluster.ts"

const clusterOf = (zones: string, tasks: ReadonlyArray<number>) =>
  snapshot({
    nodes: [...zones].map((zone, i) => ({ name: `n${i + 1}`, labels: { zone } })),
    services: [{ name: "web", tasks: tasks.map((node) => `n${node + 1}`).join(" "), preferences: ["node.labels.zone"] }]
  })

const placements = (zones: string, replicas: number) =>
  FastCheck.sample(
    FastCheck.array(FastCheck.nat({ max: zones.length - 1 }), { minLength: replicas, maxLength: replicas }),
    { seed: 1, numRuns: 40 }
  )

describe.each(["aabbc", "aabb", "aaab"])("over nodes in %s", (zones) => {
  it.each([3, 7])(
    "%i replicas stay uneven only with a reason, and with the proof that nothing certain helps",
    async (replicas) => {
      for (const tasks of placements(zones, replicas)) {
        // Lets the test runner hear that this goes on.
        await new Promise((resolve) => setImmediate(resolve))
        const start = clusterOf(zones, tasks)
        const { bound, moves } = plan(start)
        const { kept, moves: further } = plan(applyAll(start, moves))
        expect([bound?.proved, further]).toEqual([true, []])
        const [web] = kept
        expect(["Balanced", "Preferences", "Unreachable"]).toContain(web?.reason._tag)
        if (web?.reason._tag === "Balanced") expect(bound?.reached).toEqual(bound?.lowerBound)
      }
    }
  )
})

describe("seven replicas", () => {
  it("leave 1-1-1-4 where every zone has two nodes", () => {
    const start = clusterOf("abab", [0, 1, 2, 3, 3, 3, 3])
    const after = applyAll(start, plan(start).moves)
    const counts = start.nodes.map(({ id }) => after.tasksOnNode(id).length)
    expect(Math.max(...counts) - Math.min(...counts)).toBe(1)
  })
})
