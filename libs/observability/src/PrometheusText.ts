/**
 * Prometheus' text exposition format 0.0.4 from plain values, so that counters kept outside Effect are shown too. Families
 * are sorted by name and samples by labels: two scrapes differ only where values do. `lint` holds names to Prometheus' own
 * rules (prometheus.io/docs/practices/naming). It collects nothing; see `EffectMetrics` for metrics that Effect keeps.
 */

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

export interface HistogramSample {
  readonly labels?: Labels
  /** Upper bounds ascending, in base units, without +Inf; `counts[i]` is what fell at or below `bounds[i]`, cumulative. */
  readonly bounds: ReadonlyArray<number>
  readonly counts: ReadonlyArray<number>
  readonly sum: number
  readonly count: number
}

export type MetricFamily =
  | {
      readonly name: string
      readonly help: string
      readonly type: "counter" | "gauge"
      readonly samples: ReadonlyArray<Sample>
    }
  | {
      readonly name: string
      readonly help: string
      readonly type: "histogram"
      readonly samples: ReadonlyArray<HistogramSample>
    }

export const contentType = "text/plain; version=0.0.4; charset=utf-8"

const escapeHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')

const number = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (value === Number.POSITIVE_INFINITY) return "+Inf"
  if (value === Number.NEGATIVE_INFINITY) return "-Inf"
  return String(value)
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const labelPairs = (labels: Labels | undefined): string =>
  Object.keys(labels ?? {})
    .sort(byName)
    .map((name) => `${name}="${escapeLabel(labels?.[name] ?? "")}"`)
    .join(",")

const line = (name: string, pairs: string, value: number): string =>
  `${name}${pairs === "" ? "" : `{${pairs}}`} ${number(value)}\n`

const sorted = <S extends { readonly labels?: Labels }>(samples: ReadonlyArray<S>): ReadonlyArray<[string, S]> =>
  samples.map((sample): [string, S] => [labelPairs(sample.labels), sample]).sort(([a], [b]) => byName(a, b))

const and = (pairs: string, more: string): string => (pairs === "" ? more : `${pairs},${more}`)

const renderFamily = (family: MetricFamily): string => {
  let text = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`
  if (family.type !== "histogram") {
    for (const [pairs, sample] of sorted(family.samples)) text += line(family.name, pairs, sample.value)
    return text
  }
  for (const [pairs, sample] of sorted(family.samples)) {
    sample.bounds.forEach((bound, i) => {
      text += line(`${family.name}_bucket`, and(pairs, `le="${number(bound)}"`), sample.counts[i] ?? 0)
    })
    text += line(`${family.name}_bucket`, and(pairs, 'le="+Inf"'), sample.count)
    text += line(`${family.name}_sum`, pairs, sample.sum)
    text += line(`${family.name}_count`, pairs, sample.count)
  }
  return text
}

/** The exposition of `families`; a family without samples is still announced. */
export const render = (families: ReadonlyArray<MetricFamily>): string =>
  [...families]
    .sort((a, b) => byName(a.name, b.name))
    .map(renderFamily)
    .join("")

const metricName = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
const labelName = /^[a-z_][a-z0-9_]*$/
const scaledUnit = /_(milliseconds|millis|ms|microseconds|minutes|hours|kilobytes|megabytes|kib|mib|percent)(_total)?$/

/** What Prometheus' naming rules say against `families`; empty where they are good. `prefix`, e.g. `evenkeel_router_`. */
export const lint = (families: ReadonlyArray<MetricFamily>, prefix: string): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const seen = new Set<string>()
  for (const { help, name, samples, type } of families) {
    if (seen.has(name)) problems.push(`${name}: announced twice`)
    seen.add(name)
    if (!name.startsWith(prefix)) problems.push(`${name}: does not begin with ${prefix}`)
    if (!metricName.test(name)) problems.push(`${name}: not lower case with single underscores`)
    if (help.trim() === "") problems.push(`${name}: has no help text`)
    if ((type === "counter") !== name.endsWith("_total")) problems.push(`${name}: _total is for counters, and for all`)
    if (scaledUnit.test(name)) problems.push(`${name}: use base units (seconds, bytes, ratio)`)
    if (/_(count|sum|bucket)$/.test(name)) problems.push(`${name}: ends like a histogram's series`)
    const series = new Set<string>()
    for (const sample of samples) {
      for (const label of Object.keys(sample.labels ?? {})) {
        if (!labelName.test(label) || label.startsWith("__") || label === "le")
          problems.push(`${name}: label ${label} is malformed or reserved`)
        if (name.split("_").includes(label)) problems.push(`${name}: label ${label} is part of the name`)
      }
      const pairs = labelPairs(sample.labels)
      if (series.has(pairs)) problems.push(`${name}: {${pairs}} occurs twice`)
      series.add(pairs)
    }
  }
  return problems
}
