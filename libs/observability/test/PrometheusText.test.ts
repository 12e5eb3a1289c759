import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as EffectMetrics from "../src/EffectMetrics.ts"
import * as PrometheusText from "../src/PrometheusText.ts"

describe("PrometheusText.render", () => {
  it("sorts families by name and samples by labels, and escapes", () => {
    const text = PrometheusText.render([
      { name: "b_total", help: "second\nline \\ here", type: "counter", samples: [{ value: 2 }] },
      {
        name: "a",
        help: "first",
        type: "gauge",
        samples: [
          { labels: { node: "n2", app: 'say "hi"\\\n' }, value: 0.5 },
          { labels: { node: "n1", app: "x" }, value: Number.POSITIVE_INFINITY }
        ]
      }
    ])
    expect(text).toBe(
      [
        "# HELP a first",
        "# TYPE a gauge",
        String.raw`a{app="say \"hi\"\\\n",node="n2"} 0.5`,
        'a{app="x",node="n1"} +Inf',
        String.raw`# HELP b_total second\nline \\ here`,
        "# TYPE b_total counter",
        "b_total 2",
        ""
      ].join("\n")
    )
  })

  it("renders a histogram with cumulative buckets, +Inf, sum and count", () => {
    const samples = [{ labels: { route: "web" }, bounds: [0.1, 1], counts: [3, 5], sum: 4.5, count: 6 }]
    expect(PrometheusText.render([{ name: "h_seconds", help: "h", type: "histogram", samples }])).toBe(
      [
        "# HELP h_seconds h",
        "# TYPE h_seconds histogram",
        'h_seconds_bucket{route="web",le="0.1"} 3',
        'h_seconds_bucket{route="web",le="1"} 5',
        'h_seconds_bucket{route="web",le="+Inf"} 6',
        'h_seconds_sum{route="web"} 4.5',
        'h_seconds_count{route="web"} 6',
        ""
      ].join("\n")
    )
  })
})

describe("PrometheusText.lint", () => {
  const family = (name: string, type: "counter" | "gauge", labels: Record<string, string> = {}, help = "h") =>
    ({ name, type, help, samples: [{ labels, value: 1 }] }) as const

  it("finds nothing against good names", () => {
    const good = [
      family("evenkeel_x_requests_total", "counter", { code: "2xx" }),
      family("evenkeel_x_pool_bytes", "gauge")
    ]
    expect(PrometheusText.lint(good, "evenkeel_x_")).toEqual([])
  })

  it.each([
    [family("evenkeel_x_requests", "counter"), "_total"],
    [family("evenkeel_x_open_total", "gauge"), "_total"],
    [family("other_requests_total", "counter"), "does not begin with"],
    [family("evenkeel_x_wait_ms", "gauge"), "base units"],
    [family("evenkeel_x_Open", "gauge"), "lower case"],
    [family("evenkeel_x_open", "gauge", {}, " "), "help"],
    [family("evenkeel_x_open_count", "gauge"), "histogram's series"],
    [family("evenkeel_x_node", "gauge", { node: "a" }), "part of the name"],
    [family("evenkeel_x_open", "gauge", { le: "1" }), "reserved"]
  ])("objects to %o", (bad, why) => {
    expect(PrometheusText.lint([bad], "evenkeel_x_").join()).toContain(why)
  })

  it("objects to a family announced twice and to a series given twice", () => {
    const twice = [family("evenkeel_x_open", "gauge"), family("evenkeel_x_open", "gauge")]
    expect(PrometheusText.lint(twice, "evenkeel_x_").join()).toContain("announced twice")
    const series = { ...family("evenkeel_x_open", "gauge"), samples: [{ value: 1 }, { value: 2 }] }
    expect(PrometheusText.lint([series], "evenkeel_x_").join()).toContain("occurs twice")
  })
})

describe("EffectMetrics.snapshot", () => {
  it.effect("gives the families Effect keeps under a prefix, tags as labels", () =>
    Effect.gen(function* () {
      const moves = Metric.counter("evenkeel_probe_moves_total", { description: "Moves made.", incremental: true })
      const wait = Metric.histogram("evenkeel_probe_wait_seconds", MetricBoundaries.fromIterable([1, 5]), "Waits.")
      yield* Metric.incrementBy(Metric.tagged(moves, "kind", "pin"), 2)
      yield* Metric.increment(Metric.tagged(moves, "kind", "surge"))
      yield* Metric.update(wait, 3)
      yield* Metric.update(wait, 30)
      yield* Metric.set(Metric.gauge("unrelated"), 1)
      const text = PrometheusText.render(yield* EffectMetrics.snapshot("evenkeel_probe_"))
      expect(text).toContain('evenkeel_probe_moves_total{kind="pin"} 2\n')
      expect(text).toContain('evenkeel_probe_moves_total{kind="surge"} 1\n')
      expect(text).toContain("# HELP evenkeel_probe_moves_total Moves made.\n")
      expect(text).toContain('evenkeel_probe_wait_seconds_bucket{le="1"} 0\n')
      expect(text).toContain('evenkeel_probe_wait_seconds_bucket{le="5"} 1\n')
      expect(text).toContain('evenkeel_probe_wait_seconds_bucket{le="+Inf"} 2\n')
      expect(text).not.toContain("unrelated")
    })
  )
})
