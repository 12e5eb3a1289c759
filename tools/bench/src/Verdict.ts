/** Figures that are held against gates: how they are judged and told. Pure. */

export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: "" | "ms"
  /** The largest value allowed; Infinity where it is only told. */
  readonly gate: number
  readonly aim: number
}

/** A figure that is only told. */
export const told = (what: string, value: number, unit: "" | "ms" = ""): Measure => ({
  what,
  value,
  unit,
  gate: Infinity,
  aim: Infinity
})

/** A count that must be nought. */
export const none = (what: string, value: number): Measure => ({ what, value, unit: "", gate: 0, aim: 0 })

/** Never of NaN where there is a gate: what could not be measured does not hold. */
export const holds = ({ gate, value }: Measure): boolean => gate === Infinity || value <= gate

/** `  lost requests: 0 (aim reached)`; of what has no gate the value alone. */
export const line = (measure: Measure): string => {
  const { aim, gate, unit, value, what } = measure
  const shown = `${Number.isInteger(value) ? value : value.toFixed(1)}${unit === "" ? "" : ` ${unit}`}`
  if (gate === Infinity) return `  ${what}: ${shown}`
  const verdict = holds(measure) ? (value <= aim ? "aim reached" : `holds, aim ${aim}`) : `MISSED, at most ${gate}`
  return `  ${what}: ${shown} (${verdict})`
}

/** For JSON, which knows neither Infinity nor NaN: null is a value that was not reached, or no gate. */
export const json = (measure: Measure) => ({ ...measure, holds: holds(measure) })
