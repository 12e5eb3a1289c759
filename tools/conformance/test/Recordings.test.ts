/** The embedded Swarm held against every recording of the real one. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { afterAll } from "vitest"
import { type Allowance, allows, sift } from "../src/Allowed.ts"
import { check } from "../src/Check.ts"
import { render } from "../src/Compare.ts"
import * as Fixtures from "../src/Fixtures.ts"
import { generate } from "../src/RandomScenario.ts"
import type { Scenario } from "../src/Scenario.ts"
import { scenarios } from "../src/scenarios/All.ts"

const random = (await Effect.runPromise(Effect.provide(Fixtures.randomSeeds, NodeFileSystem.layer))).map((seed) =>
  generate(seed)
)

const hasDocker = spawnSync("docker", ["--version"]).status === 0
const needsDocker = ({ steps }: Scenario): boolean => steps.some((step) => step.do === "docker")

describe("the embedded Swarm does what was recorded of the real one", () => {
  const used = new Set<string>()
  let listed: ReadonlyArray<Allowance> = []
  /** Fixed scenarios that were compared. */
  let held = 0

  for (const scenario of [...scenarios, ...random])
    it.live(
      `${scenario.name}: ${scenario.about}`,
      (context) =>
        Effect.gen(function* () {
          if (needsDocker(scenario) && !hasDocker)
            return context.skip("there is no docker command line on this machine's PATH")
          const recorded = yield* Fixtures.read(scenario.name)
          if (recorded === null) return assert.fail(`no recording; make one by --real --record --only ${scenario.name}`)
          const allowances = yield* Fixtures.allowances
          listed = allowances
          if (scenarios.includes(scenario)) held++
          const { differences } = yield* check(scenario, recorded, {
            seed: 1,
            sift: (found) => sift(found, allowances).left
          })
          for (const allowance of allowances)
            if (differences.some((difference) => allows(allowance, difference))) used.add(JSON.stringify(allowance))
          const { left } = sift(differences, allowances)
          assert.strictEqual(left.map(render).join("\n"), "")
        }).pipe(Effect.provide(NodeFileSystem.layer)),
      { timeout: 120_000 }
    )

  afterAll(() => {
    // Of a part of the scenarios nothing can be said; what docker alone can do is on no list.
    const able = scenarios.filter((scenario) => hasDocker || !needsDocker(scenario))
    if (held < able.length) return
    const unused = listed.filter((allowance) => !used.has(JSON.stringify(allowance)))
    assert.deepStrictEqual(unused, [], "listed differences that no longer occur")
  })
})
