import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logging from "../src/Logging.ts"

const logged = (program: Effect.Effect<void>, level: Logging.Level = "info") =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    yield* Effect.provide(program, Logging.layer({ level, format: "json", write: (line) => void lines.push(line) }))
    return lines
  })

describe("Logging", () => {
  it.effect("writes one JSON object a line with annotations beside the message", () =>
    Effect.gen(function* () {
      const lines = yield* logged(
        Effect.logInfo("table taken", { sequence: 3 }).pipe(Effect.annotateLogs({ source: "ws://a", level: "mine" }))
      )
      expect(lines).toHaveLength(1)
      expect(lines[0]?.endsWith("}\n")).toBe(true)
      expect(lines[0]?.trimEnd()).not.toContain("\n")
      const { time, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>
      expect(rest).toEqual({ level: "info", message: 'table taken {"sequence":3}', source: "ws://a", level_: "mine" })
      expect(String(time)).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    })
  )

  it.effect("leaves out what is below the level", () =>
    Effect.gen(function* () {
      const lines = yield* logged(Effect.zipRight(Effect.logInfo("quiet"), Effect.logWarning("loud")), "warning")
      expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(["loud"])
    })
  )

  it.effect("changes the level for a part of the program", () =>
    Effect.gen(function* () {
      const part = Logging.withLevel("debug")(Effect.logDebug("inside"))
      const lines = yield* logged(Effect.zipRight(Effect.logDebug("before"), part))
      expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(["inside"])
    })
  )

  it.effect("keeps a cause in the same line", () =>
    Effect.gen(function* () {
      const lines = yield* logged(Effect.logError("failed", Cause.fail(new Error("disk full"))))
      expect(lines).toHaveLength(1)
      expect((JSON.parse(lines[0] ?? "") as { cause: string }).cause).toContain("disk full")
    })
  )
})
