/** Differences that are known and accepted, each with its reason; one that no longer occurs is an error too. */
import * as Schema from "effect/Schema"
import type { Difference } from "./Compare.ts"

export class Allowance extends Schema.Class<Allowance>("Allowance")({
  /** Name of the scenario; `*` stands for any run of characters, here and in `what`. */
  scenario: Schema.String,
  what: Schema.String,
  /** The step, from 1; any when absent. */
  step: Schema.optional(Schema.Int),
  /** What both values must be like, so that no other difference hides behind this one; anything when absent. */
  recorded: Schema.optional(Schema.String),
  embedded: Schema.optional(Schema.String),
  reason: Schema.NonEmptyTrimmedString
}) {}

export const Allowances = Schema.parseJson(Schema.Array(Allowance))

const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.split("*").map(quoted).join(".*")}$`, "s").test(text)

const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

export const allows = (allowance: Allowance, difference: Difference): boolean =>
  matches(allowance.scenario, difference.scenario) &&
  matches(allowance.what, difference.what) &&
  (allowance.step ?? difference.step) === difference.step &&
  matches(allowance.recorded ?? "*", difference.recorded) &&
  matches(allowance.embedded ?? "*", difference.embedded)

export interface Sifted {
  readonly left: ReadonlyArray<Difference>
  readonly allowed: ReadonlyArray<Difference>
  /** Allowances that fit none of the differences. */
  readonly unused: ReadonlyArray<Allowance>
}

export const sift = (differences: ReadonlyArray<Difference>, allowances: ReadonlyArray<Allowance>): Sifted => {
  const used = new Set<Allowance>()
  const left: Array<Difference> = []
  const allowed: Array<Difference> = []
  for (const difference of differences) {
    const fitting = allowances.filter((allowance) => allows(allowance, difference))
    for (const allowance of fitting) used.add(allowance)
    if (fitting.length > 0) allowed.push(difference)
    else left.push(difference)
  }
  return { left, allowed, unused: allowances.filter((allowance) => !used.has(allowance)) }
}
