/** Measures held against their gates, in words. */
import type { Measure } from "./Scenario.ts"

export const holds = ({ gate, value }: Measure): boolean => value <= gate

/** `  lost requests: 0 (aim reached)`; of what has no gate the value alone. */
export const line = (measure: Measure): string => {
  const { aim, gate, unit, value, what } = measure
  const shown = `${Number.isInteger(value) ? value : value.toFixed(1)}${unit === "" ? "" : ` ${unit}`}`
  if (gate === Infinity) return `  ${what}: ${shown}`
  const verdict = holds(measure) ? (value <= aim ? "aim reached" : `holds, aim ${aim}`) : `MISSED, at most ${gate}`
  return `  ${what}: ${shown} (${verdict})`
}
