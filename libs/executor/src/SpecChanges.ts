/**
 * One recorded change of a spec's raw text: how it is made, and how it is taken back where the engine has added its defaults
 * or somebody has added values of their own. Pure.
 */
import * as Either from "effect/Either"
import type * as Journal from "@evenkeel/domain/MoveJournal"
import * as SpecText from "@evenkeel/swarm-client/SpecText"

/**
 * The change that puts `value` at `path`. Where an object on the way is missing, the change is the whole object that has to
 * be made, so that its removal leaves nothing behind.
 */
export const changeAt = (specText: string, path: Journal.SpecChange["path"], value: unknown): Journal.SpecChange => {
  const [first, ...rest] = path
  for (let depth = 0; depth < rest.length; depth++) {
    const ancestor: Journal.SpecChange["path"] = [first, ...rest.slice(0, depth)]
    const text = SpecText.get(specText, ancestor)
    if (text !== undefined && text !== "null") continue
    const made = rest.slice(depth).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
    return { path: ancestor, wrote: JSON.stringify(made), was: text ?? null }
  }
  return { path, wrote: JSON.stringify(value), was: SpecText.get(specText, path) ?? null }
}

/** Whether everything that was written is still there; what the engine or somebody added beside it does not matter. */
export const stillHolds = (found: string | undefined, wrote: string): boolean =>
  found !== undefined && contains(JSON.parse(found), JSON.parse(wrote))

const contains = (found: unknown, wrote: unknown): boolean => {
  if (Array.isArray(wrote))
    return Array.isArray(found) && found.length === wrote.length && wrote.every((item, i) => contains(found[i], item))
  if (typeof wrote === "object" && wrote !== null)
    return (
      typeof found === "object" &&
      found !== null &&
      Object.entries(wrote).every(([key, value]) => contains((found as Record<string, unknown>)[key], value))
    )
  return Object.is(found, wrote)
}

/** The text without the change; as it is where somebody has written something else there. */
export const giveBack = (
  specText: string,
  { path, was, wrote }: Journal.SpecChange
): Either.Either<string, SpecText.SpecTextInvalid> => {
  const found = SpecText.get(specText, path)
  if (found === undefined || !stillHolds(found, wrote)) return Either.right(specText)
  const made: unknown = JSON.parse(wrote)
  const patch: SpecText.Patch =
    isRecord(made) && hasOwnMembers(JSON.parse(found), made)
      ? leavesOf(made).map((leaf) => ({ path: [...path, ...leaf], value: null }))
      : [{ path, value: was }]
  return Either.map(SpecText.apply(specText, patch), ({ text }) => text)
}

type JsonRecord = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const leavesOf = (made: JsonRecord): ReadonlyArray<ReadonlyArray<string>> =>
  Object.entries(made).flatMap(([key, value]) =>
    isRecord(value) ? leavesOf(value).map((leaf) => [key, ...leaf]) : [[key]]
  )

/** Whether an object that the move made holds more by now than the move wrote and the engine fills in by itself. */
const hasOwnMembers = (found: unknown, made: JsonRecord): boolean =>
  isRecord(found) &&
  Object.entries(found).some(([key, value]) => {
    const own = made[key]
    if (own === undefined) return !isDefault(key, value)
    return isRecord(own) && hasOwnMembers(value, own)
  })

/** As the engine writes an update config in which the value was not named (moby `api/types/swarm`). */
export const isDefault = (key: string, value: unknown): boolean => {
  if (value === null || value === 0 || value === "" || value === false) return true
  if (key === "FailureAction") return value === "pause"
  return Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0
}
