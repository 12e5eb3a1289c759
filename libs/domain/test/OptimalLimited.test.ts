import { describe, expect, it } from "vitest"
import { tally } from "./fixtures/AgainstIdeal.ts"

const instances = Number(process.env["PLANNER_OPTIMUM_RUNS"] ?? 400)

/** What the run found, for the test's output. */
const show = (name: string, counts: object) => process.stdout.write(`${name}: ${JSON.stringify(counts)}\n`)

describe("against the exact optimum, where rules and room limit it", { timeout: 300_000 }, () => {
  it("services of one replica", async () => {
    const sizes = { nodes: [2, 4], services: [2, 6], replicas: [1, 1], tasks: 6, limited: true } as const
    const counts = await tally(sizes, instances, 21)
    show("limited singles", counts)
    expect(counts).toMatchObject({ unreachableSaid: 0, detourProved: counts.idealByDetour })
    expect(counts.ideal).toBeGreaterThan(instances * 0.95)
  })

  it("services of several replicas, with constraints, preferences, limits per node, reservations and host ports", async () => {
    const sizes = { nodes: [2, 4], services: [1, 5], replicas: [1, 4], tasks: 12, limited: true } as const
    const counts = await tally(sizes, instances * 2, 22)
    show("limited mixed", counts)
    expect(counts.ideal).toBeGreaterThan(instances * 2 * 0.9)
    expect(counts).toMatchObject({ unreachableSaid: 0, detourProved: counts.idealByDetour })
  })
})
