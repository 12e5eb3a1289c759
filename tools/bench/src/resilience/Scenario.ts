/** What a scenario is given and what it tells. */
import type { Bed } from "./Bed.ts"

export interface Settings {
  readonly quick: boolean
  /** Requests a second. */
  readonly rate: number
}

export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: "" | "ms"
  /** The largest value allowed; Infinity where it is only told. */
  readonly gate: number
  readonly aim: number
}

export interface Result {
  readonly measures: ReadonlyArray<Measure>
  /** Failures in words, the first few. */
  readonly failures: ReadonlyArray<string>
}

export interface Scenario {
  readonly name: string
  readonly about: string
  run(bed: Bed, settings: Settings): Promise<Result>
}

/** A count that is only told. */
export const told = (what: string, value: number, unit: "" | "ms" = ""): Measure => ({
  what,
  value,
  unit,
  gate: Infinity,
  aim: Infinity
})

/** A count that must be nought. */
export const none = (what: string, value: number): Measure => ({ what, value, unit: "", gate: 0, aim: 0 })
