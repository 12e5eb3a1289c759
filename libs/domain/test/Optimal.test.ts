import { describe, expect, it } from "vitest"
import { tally } from "./fixtures/AgainstIdeal.ts"

const instances = Number(process.env["PLANNER_OPTIMUM_RUNS"] ?? 400)

/** What the run found, for the test's output. */
const show = (name: string, counts: object) => process.stdout.write(`${name}: ${JSON.stringify(counts)}\n`)

describe("against the exact optimum, with room everywhere", { timeout: 300_000 }, () => {
  it("services of one replica: as even as can be, in the fewest moves, always", async () => {
    const sizes = { nodes: [2, 5], services: [1, 8], replicas: [1, 1], tasks: 8, limited: false } as const
    const counts = await tally(sizes, instances, 11)
    show("singles", counts)
    expect(counts).toMatchObject({ instances, ideal: instances })
  })

  it("services of several replicas among them", async () => {
    const sizes = { nodes: [2, 4], services: [1, 5], replicas: [1, 4], tasks: 12, limited: false } as const
    const counts = await tally(sizes, instances, 12)
    show("mixed", counts)
    expect(counts.ideal).toBeGreaterThan(instances * 0.95)
    expect(counts).toMatchObject({ unreachableSaid: 0, detourProved: counts.idealByDetour })
  })

  it("more of them on more nodes", async () => {
    const sizes = { nodes: [3, 6], services: [3, 8], replicas: [1, 7], tasks: 30, limited: false } as const
    const counts = await tally(sizes, Math.ceil(instances / 2), 13)
    show("mixed, larger", counts)
    expect(counts.ideal).toBeGreaterThan(instances * 0.4)
    expect(counts).toMatchObject({ unreachableSaid: 0, detourProved: counts.idealByDetour })
  })
})
