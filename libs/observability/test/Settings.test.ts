import { describe, expect, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Settings from "../src/Settings.ts"

const settings = Config.all({
  port: Settings.port("EVENKEEL_PORT").pipe(Config.withDefault(8080)),
  mode: Settings.choice("EVENKEEL_MODE", ["act", "observe"]).pipe(Config.withDefault("observe")),
  hosts: Settings.list("EVENKEEL_HOSTS").pipe(Config.withDefault([])),
  token: Config.option(Config.redacted("EVENKEEL_TOKEN"))
})

const files: Settings.ReadFile = (path) => {
  if (path === "/run/secrets/token") return "s3cret\n"
  if (path === "/run/secrets/empty") return "\n"
  throw Object.assign(new Error("no such file"), { code: "ENOENT" })
}

const problems = (environment: Settings.Environment) =>
  Effect.map(Effect.flip(Settings.load(settings, environment, files)), (error) => error.problems)

describe("Settings", () => {
  it.effect("takes defaults where a variable is absent or empty", () =>
    Effect.gen(function* () {
      const read = yield* Settings.load(settings, { EVENKEEL_PORT: "", EVENKEEL_MODE: " " })
      expect(read.port).toBe(8080)
      expect(read.mode).toBe("observe")
      expect(Option.isNone(read.token)).toBe(true)
    })
  )

  it.effect("reads values, lists and a secret's file", () =>
    Effect.gen(function* () {
      const environment = {
        EVENKEEL_PORT: "0",
        EVENKEEL_MODE: "act",
        EVENKEEL_HOSTS: "a, b,,c ",
        EVENKEEL_TOKEN_FILE: "/run/secrets/token",
        OTHER_TOKEN_FILE: "/not/ours"
      }
      const read = yield* Settings.load(settings, environment, files)
      expect(read.port).toBe(0)
      expect(read.mode).toBe("act")
      expect(read.hosts).toEqual(["a", "b", "c"])
      expect(Option.map(read.token, Redacted.value)).toEqual(Option.some("s3cret"))
    })
  )

  it.effect.each([
    { variable: "EVENKEEL_PORT", value: "65536", expected: "a whole number from 0 to 65535" },
    { variable: "EVENKEEL_PORT", value: "80a", expected: "a whole number from 0 to 65535" },
    { variable: "EVENKEEL_MODE", value: "on", expected: "one of act, observe" }
  ])("names $variable and what was expected instead of $value", ({ expected, value, variable }) =>
    Effect.gen(function* () {
      const found = yield* problems({ [variable]: value })
      expect(found).toHaveLength(1)
      expect(found[0].variable).toBe(variable)
      expect(found[0].problem).toContain(`expected ${expected}, got "${value}"`)
    })
  )

  it.effect("reports every wrong variable at once", () =>
    Effect.gen(function* () {
      const found = yield* problems({ EVENKEEL_PORT: "x", EVENKEEL_MODE: "y" })
      expect(found.map(({ variable }) => variable)).toEqual(["EVENKEEL_PORT", "EVENKEEL_MODE"])
    })
  )

  it.effect("names a required variable that is not set", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Settings.load(Config.string("EVENKEEL_NODE_ID"), {}))
      expect(error.message).toBe("EVENKEEL_NODE_ID: is not set; set it, or its _FILE variant")
    })
  )

  it.effect("names the file of a secret that cannot be read, is empty, or competes with the plain variable", () =>
    Effect.gen(function* () {
      const missing = yield* problems({ EVENKEEL_TOKEN_FILE: "/nowhere" })
      expect(missing[0].problem).toContain("cannot read /nowhere (ENOENT)")
      const empty = yield* problems({ EVENKEEL_TOKEN_FILE: "/run/secrets/empty" })
      expect(empty[0].problem).toContain("/run/secrets/empty is empty")
      const both = yield* problems({ EVENKEEL_TOKEN_FILE: "/run/secrets/token", EVENKEEL_TOKEN: "x" })
      expect(both[0].problem).toContain("EVENKEEL_TOKEN is set too")
    })
  )
})
