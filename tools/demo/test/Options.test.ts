import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { defaults, parse } from "../src/Options.ts"

describe("Options.parse", () => {
  it("has defaults for everything", () => expect(parse([])).toEqual(Either.right(defaults)))

  it("takes what is given", () => {
    expect(parse(["--speed", "5", "--seed=7", "--node", "n3", "--fault", "black-hole", "--json"])).toEqual(
      Either.right({ ...defaults, speed: 5, seed: 7, node: "n3", fault: "black-hole", json: true })
    )
    expect(parse(["-h"])).toEqual(Either.right("help"))
  })

  it("names all that is wrong at once", () => {
    const parsed = parse(["--speed", "0", "--seed", "x", "--node", "n9", "--fault", "fire", "--keep", "--json"])
    expect(Either.isLeft(parsed) && parsed.left.problems).toEqual([
      "--speed: expected 1 to 30, got 0",
      "--seed: expected a whole number, got x",
      "--node: expected one of n1, n2, n3, got n9",
      "--fault: expected crash or black-hole, got fire",
      "--keep and --json: choose one of them"
    ])
  })

  it("refuses options it does not know", () => {
    const parsed = parse(["--sped", "3"])
    expect(Either.isLeft(parsed) && parsed.left.message).toMatch(/--sped/)
  })
})
