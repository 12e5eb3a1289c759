/** What a scenario is given and what it tells. */
import type { Measure } from "../Verdict.ts"
import type { Bed } from "./Bed.ts"

export interface Settings {
  readonly quick: boolean
  /** Requests a second. */
  readonly rate: number
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
