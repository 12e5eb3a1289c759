/** Drills on the embedded Swarm in this process, without a rebalancer: what must fail does, and by the right checks. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { catalogue } from "../src/Catalogue.ts"
import type { Drill } from "../src/Drill.ts"
import * as Runner from "../src/Runner.ts"
import * as Embedded from "../src/targets/Embedded.ts"
import { judge } from "../src/Verdict.ts"

const failures = async (drill: Drill, patience: number): Promise<ReadonlyArray<string>> => {
  const said: Array<string> = []
  const evidence = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const target = yield* Embedded.make(drill, {
          speed: 20,
          seed: 1,
          withoutRebalancer: true,
          bundle: "none",
          logs: null
        })
        return yield* Runner.run(drill, target, { patience, say: (text) => Effect.sync(() => void said.push(text)) })
      })
    )
  )
  expect(said.length).toBeGreaterThan(0)
  return judge(evidence)
    .filter(({ passed }) => !passed)
    .map(({ name }) => name)
}

const drillOf = (name: string): Drill => {
  const drill = catalogue.find((one) => one.name === name)
  if (drill === undefined) throw new Error(`no drill ${name}`)
  return drill
}

describe("without a rebalancer", () => {
  it("a drill that expects moves fails, and by that", async () => {
    const { steps, ...drill } = drillOf("node-added")
    // Swarm's own placement of the first tasks is not what is judged here.
    const fromPhase = steps.slice(steps.findIndex(({ _tag }) => _tag === "phase"))
    expect(
      await failures({ ...drill, steps: [{ _tag: "await", until: { _tag: "whole" } }, ...fromPhase] }, 60)
    ).toEqual(["all steps came to pass", "tasks started are the fewest moves", "placement is as even as can be"])
  })

  it("a drain by Swarm alone is seen to leave fewer tasks than were asked for", async () => {
    const drill: Drill = {
      ...drillOf("node-drained"),
      steps: [
        { _tag: "await", until: { _tag: "whole" } },
        { _tag: "phase", name: "drained", promised: "guarded" },
        { _tag: "availability", node: "n1", availability: "drain" },
        { _tag: "pass", seconds: 5 },
        { _tag: "await", until: { _tag: "whole" } }
      ]
    }
    expect(await failures(drill, 100)).toEqual(["as many serve as were asked for"])
  })

  it("a user's deploy and rollback are followed: the spec is theirs", async () => {
    const drill: Drill = {
      ...drillOf("user-update"),
      steps: [
        { _tag: "await", until: { _tag: "whole" } },
        { _tag: "deploy", service: "trio" },
        { _tag: "pass", seconds: 60 },
        { _tag: "await", until: { _tag: "whole" } }
      ]
    }
    expect(await failures(drill, 100)).toEqual([])
    const rolledBack: Drill = { ...drill, steps: [...drill.steps.slice(0, 3), { _tag: "rollback", service: "trio" }] }
    expect(await failures(rolledBack, 100)).toContain("specs are the user's, byte for byte")
  })
})
