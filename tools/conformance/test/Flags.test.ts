import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { parse } from "../src/Flags.ts"
import { generate } from "../src/RandomScenario.ts"
import { scenarios } from "../src/scenarios/All.ts"

const known = ["drain", "crash"]

describe("Flags", () => {
  it("reads the command line", () => {
    const words = ["--", "--real", "--only", "crash, drain", "--random", "5", "--seed", "9", "--minutes", "2", "--json"]
    assert.deepStrictEqual(
      parse(words, known),
      Either.right({
        ...{ only: ["crash", "drain"], real: true, record: false, random: 5, minutes: 2, seed: 9 },
        ...{ labs: 1, heartbeat: "3s", json: true, keep: false }
      })
    )
    assert.deepStrictEqual(
      Either.map(parse([], known), (options) => options?.only),
      Either.right(null)
    )
    assert.deepStrictEqual(
      Either.map(parse(["--only", "none"], known), (options) => options?.only),
      Either.right([])
    )
  })

  it("names what is wrong", () => {
    for (const words of [
      ["--only", "flood"],
      ["--record"],
      ["--random", "3"],
      ["--real", "--random", "x"],
      ["--heartbeat", "soon"],
      ["--labs", "0"],
      ["--labs", "2", "--keep"],
      ["--unknown"]
    ])
      assert.isTrue(Either.isLeft(parse(words, known)), words.join(" "))
  })
})

describe("scenarios", () => {
  it("have names of their own and at least a step", () => {
    const names = scenarios.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
    assert.isTrue(scenarios.every(({ steps }) => steps.length > 0))
  })

  it("of equal seeds are equal, of others others", () => {
    assert.deepStrictEqual(generate(3), generate(3))
    assert.notDeepEqual(generate(3).steps, generate(4).steps)
  })

  it("of a seed bring lost nodes back, and never take away the last node a service may run on", () => {
    for (let seed = 0; seed < 200; seed++) {
      const lost = new Set<string>()
      const drained = new Set<string>()
      for (const step of generate(seed).steps) {
        if (step.do === "fault") {
          if (step.fault === "restore") lost.delete(step.node)
          else lost.add(step.node)
        }
        if (step.do === "node") {
          if (JSON.stringify(step.patch).includes("active")) drained.delete(step.node)
          else drained.add(step.node)
        }
        assert.isAtMost(lost.size + drained.size, 1, `seed ${seed}`)
      }
      assert.strictEqual(lost.size, 0, `seed ${seed}`)
    }
  })
})
