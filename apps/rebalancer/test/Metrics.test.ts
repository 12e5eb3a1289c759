/** The metrics: that each is there, with its labels, and says what happened. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { names as brakeNames } from "@evenkeel/executor/brakes/Brake"
import * as EffectMetrics from "@evenkeel/observability/EffectMetrics"
import * as PrometheusText from "@evenkeel/observability/PrometheusText"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Loop from "../src/Loop.ts"
import * as Metrics from "../src/RebalancerMetrics.ts"
import * as SkewMetrics from "../src/SkewMetrics.ts"
import { mended } from "./Mended.ts"
import { begin, isClean, provided, steps, until, untilBegun } from "./Running.ts"
import * as World from "./World.ts"

/** A window that does not open in the time of a test: at the start of a year. */
const never = { cron: "0 0 1 1 *", durationMillis: 60_000, timeZone: "UTC" }

const scrape = (parts: Parameters<typeof Loop.run>[0]) =>
  Effect.zipWith(EffectMetrics.snapshot(Metrics.prefix), Ref.get(parts.state), (families, { snapshot }) =>
    PrometheusText.render([...families, ...SkewMetrics.families(snapshot)])
  )

describe("metrics", () => {
  it.scoped("follow Prometheus' rules and say what happened", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* mended()
        const text = yield* scrape(parts)
        const { snapshot } = yield* Ref.get(parts.state)
        const families = [...(yield* EffectMetrics.snapshot(Metrics.prefix)), ...SkewMetrics.families(snapshot)]
        expect(PrometheusText.lint(families, Metrics.prefix)).toEqual([])
        for (const line of [
          "evenkeel_rebalancer_balance 1",
          'evenkeel_rebalancer_skew{name="g",scope="group"} 0',
          'evenkeel_rebalancer_skew{name="",scope="nodes"} 0',
          'evenkeel_rebalancer_brakes_engaged{brake="pause"} 0',
          "evenkeel_rebalancer_leader 1"
        ])
          expect(text).toContain(`${line}\n`)
        expect(text).toMatch(/evenkeel_rebalancer_moves_total\{result="completed",strategy="pin"\} [1-9]/)
        expect(text).toMatch(/evenkeel_rebalancer_plan_duration_seconds_count [1-9]/)
        // What is gone from the Swarm is gone from the metrics.
        const control = yield* SwarmClientTestControl
        yield* control.remove("services", "a")
        yield* steps(world, 10)
        expect(text).toContain('{name="a",scope="service"}')
        expect(yield* scrape(parts)).not.toContain('{name="a",scope="service"}')
      })
    )
  )

  it.scoped("count what each brake holds, all of them from the first decision on", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        yield* Effect.forkScoped(Loop.run(yield* World.partsWith({ settings: { mode: "observe", windows: [never] } })))
        yield* steps(world, 10)
        const on = yield* Effect.forEach(brakeNames, (brake) =>
          Effect.map(Metric.value(Metric.tagged(Metrics.brakesEngaged, "brake", brake)), ({ value }) => [brake, value])
        )
        const expected = { mode: 1, "maintenance-window": 1 }
        expect(Object.fromEntries(on)).toEqual({
          ...Object.fromEntries(brakeNames.map((name) => [name, 0])),
          ...expected
        })
        const families = yield* EffectMetrics.snapshot(Metrics.prefix)
        const shown = families.find(({ name }) => name.endsWith("brakes_engaged"))?.samples ?? []
        expect(shown.map(({ labels }) => labels?.["brake"]).sort()).toEqual([...brakeNames].sort())
      })
    )
  )

  it.scoped("count a move that another process left, and calls on the engine that failed", () =>
    provided(
      Effect.gen(function* () {
        const read = Metric.tagged(Metric.tagged(Metrics.apiErrors, "purpose", "read"), "error", "EngineRejected")
        const counts = Effect.map(
          Effect.all([Metric.value(Metrics.journalRecovered), Metric.value(read)]),
          (all): ReadonlyArray<number> => all.map(({ count }) => count)
        )
        const { specs, world } = yield* begin
        const [recovered = 0, failed = 0] = yield* counts
        const first = yield* Effect.fork(Loop.run(yield* World.freshParts))
        yield* untilBegun(world)
        yield* Fiber.interrupt(first)
        const control = yield* SwarmClientTestControl
        yield* control.fail({ kind: "status", status: 500, message: "broken" }, { path: "/nodes", times: 1 })
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* until(world, isClean(world, specs))
        expect(yield* counts).toEqual([recovered + 1, failed + 1])
      })
    )
  )

  it.scoped("have the labels that the page about the rebalancer names", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* mended()
        const page = readFileSync(join(import.meta.dirname, "../../../docs/subsystems/rebalancer.md"), "utf8")
        const rows = [...page.matchAll(/^\| `([a-z_]+)(?:\{([a-z,]+)\})?` +\|/gm)]
        const documented = new Map(rows.map(([, name = "", labels = ""]) => [name, labels.split(",").sort().join()]))
        const { snapshot } = yield* Ref.get(parts.state)
        const families = [...(yield* EffectMetrics.snapshot(Metrics.prefix)), ...SkewMetrics.families(snapshot)]
        const shown = families.flatMap(({ name, samples }) =>
          samples.map(
            ({ labels }) =>
              [
                name.slice(Metrics.prefix.length),
                Object.keys(labels ?? {})
                  .sort()
                  .join()
              ] as const
          )
        )
        expect(shown.length).toBeGreaterThan(20)
        expect(shown.filter(([name, labels]) => documented.get(name) !== labels)).toEqual([])
      })
    )
  )

  it("the balance is the share of what is even", () => {
    const [a, b, c] = [2, 1, 0].map((skew) => ({ name: `skew ${skew}`, skew }))
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were made")
    expect(SkewMetrics.shareEven({ services: [a, b], groups: [c], nodes: 3 })).toBe(0.5)
  })
})
