/** What changes between two specs, value by value, with the paths of `docker service inspect`. */
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import type * as Result from "../Result.ts"

export interface SpecDifference {
  /** `TaskTemplate.ContainerSpec.Image`. */
  readonly path: string
  /** JSON text; null where there is no such value. */
  readonly from: string | null
  readonly to: string | null
}

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Differences of values, in the order of their paths. Lists are compared as a whole. */
export const of = (fromText: string, toText: string): ReadonlyArray<SpecDifference> => {
  const differences: Array<SpecDifference> = []
  const compare = (path: ReadonlyArray<string>, from: unknown, to: unknown) => {
    if (isRecord(from) && isRecord(to)) {
      for (const key of [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted())
        compare([...path, key], from[key], to[key])
      return
    }
    // By their texts: numbers beyond 2^53 differ there and not in JavaScript.
    const [fromValue, toValue] = [SpecText.get(fromText, path) ?? null, SpecText.get(toText, path) ?? null]
    if (fromValue === toValue || (fromValue !== null && toValue !== null && SpecText.sameValue(fromValue, toValue)))
      return
    differences.push({ path: path.join("."), from: fromValue, to: toValue })
  }
  compare([], JSON.parse(fromText), JSON.parse(toText))
  return differences
}

/** Two lines a difference, as in a patch. */
export const render = (differences: ReadonlyArray<SpecDifference>, { paint }: Pick<Result.View, "paint">): string =>
  differences
    .flatMap(({ from, path, to }) => [
      ...(from === null ? [] : [paint.red(`- ${path}: ${from}`)]),
      ...(to === null ? [] : [paint.green(`+ ${path}: ${to}`)])
    ])
    .map((line) => `${line}\n`)
    .join("")
