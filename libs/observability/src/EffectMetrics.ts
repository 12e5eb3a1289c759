/**
 * Metrics that Effect keeps (`Metric.counter`, `gauge`, `histogram`, `frequency`) as families for `PrometheusText`. Only names
 * with the given prefix are taken; summaries are left out. Histograms are in the unit they were recorded in: record seconds.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import type { HistogramSample, Labels, MetricFamily, Sample } from "./PrometheusText.ts"

type Value =
  | { readonly type: "counter" | "gauge"; readonly samples: ReadonlyArray<Sample> }
  | { readonly type: "histogram"; readonly samples: ReadonlyArray<HistogramSample> }

const valueOf = (state: MetricState.MetricState.Untyped, labels: Labels): Value | undefined => {
  if (MetricState.isCounterState(state)) return { type: "counter", samples: [{ labels, value: Number(state.count) }] }
  if (MetricState.isGaugeState(state)) return { type: "gauge", samples: [{ labels, value: Number(state.value) }] }
  if (MetricState.isFrequencyState(state)) {
    const samples = [...state.occurrences].map(([key, value]) => ({ labels: { ...labels, key }, value }))
    return { type: "counter", samples }
  }
  if (MetricState.isHistogramState(state)) {
    const finite = state.buckets.filter(([bound]) => Number.isFinite(bound))
    const sample = {
      labels,
      bounds: finite.map(([bound]) => bound),
      counts: finite.map(([, count]) => count),
      sum: state.sum,
      count: state.count
    }
    return { type: "histogram", samples: [sample] }
  }
  return undefined
}

/** Current families of all metrics whose name begins with `prefix`. */
export const snapshot = (prefix: string): Effect.Effect<ReadonlyArray<MetricFamily>> =>
  Effect.map(Metric.snapshot, (pairs) => {
    const families = new Map<string, MetricFamily>()
    for (const { metricKey, metricState } of pairs) {
      const { name } = metricKey
      if (!name.startsWith(prefix)) continue
      const labels = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
      const value = valueOf(metricState, labels)
      if (value === undefined) continue
      const before = families.get(name)
      const samples = [...(before?.type === value.type ? before.samples : []), ...value.samples]
      const help = Option.getOrElse(metricKey.description, () => name)
      families.set(name, { name, help, type: value.type, samples } as MetricFamily)
    }
    return [...families.values()]
  })
