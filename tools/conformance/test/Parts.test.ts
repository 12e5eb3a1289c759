import { assert, describe, it } from "@effect/vitest"
import { partsOf, resolve } from "../src/Parts.ts"
import type { Observation } from "../src/Target.ts"

const manager = (name: string, leads = false, state = "ready") => ({
  ID: name,
  Description: { Hostname: name },
  Status: { State: state },
  ManagerStatus: { ...(leads ? { Leader: true } : {}), Reachability: state === "ready" ? "reachable" : "unreachable" }
})
const seen = (leader: string | null, ...nodes: Observation["nodes"]): Observation => ({
  ...{ atMillis: 0, leader, nodes, services: [], tasks: [] }
})

describe("parts", () => {
  it("are those of the present Swarm; who was lost last is remembered", () => {
    const parts = partsOf(seen("n2", manager("n3"), manager("n1"), manager("n2", true)), "n1", {})
    assert.deepStrictEqual(parts, { leader: "n2", follower: "n1", other: "n3", lost: "n1" })
  })

  it("stay with who had them where nobody has them now, or nobody leads", () => {
    const before = { leader: "n1", follower: "n2", other: "n3" }
    const one = partsOf(seen("n1", manager("n1", true), manager("n2"), manager("n3", false, "down")), "n3", before)
    assert.deepStrictEqual(one, { ...before, lost: "n3" })
    assert.deepStrictEqual(partsOf(seen(null), "n2", before), { ...before, lost: "n2" })
  })

  it("are replaced in steps and in what ends them", () => {
    const parts = { leader: "n2", lost: "n3" }
    const step = { do: "fault", fault: "crash", node: "{leader}", until: { nodes: { "{leader}": "down" } } } as const
    assert.deepStrictEqual(resolve(step, parts), {
      step: { do: "fault", fault: "crash", node: "n2", until: { nodes: { n2: "down" } } },
      on: "n2"
    })
    const plain = { do: "fault", fault: "crash", node: "n1" } as const
    assert.deepStrictEqual(resolve(plain, parts), { step: plain })
  })
})
