/**
 * The marks of a move in a spec's raw text, and how they are taken out where there is no journal to say what stood there
 * before. Pure.
 */
import * as Either from "effect/Either"
import * as Journal from "@evenkeel/domain/MoveJournal"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { isDefault } from "./SpecChanges.ts"
import { constraintsOf, constraintsPath, orderPath, parallelismPath, updatePath } from "./SpecReading.ts"

type Edited = Either.Either<string, SpecText.SpecTextInvalid>

const edit = (specText: string, patch: SpecText.Patch): Edited =>
  Either.map(SpecText.apply(specText, patch), ({ text }) => text)

export const labelsOf = (specText: string): Readonly<Record<string, string>> =>
  (JSON.parse(SpecText.get(specText, ["Labels"]) ?? "{}") as Readonly<Record<string, string>> | null) ?? {}

export const isMarked = (specText: string): boolean =>
  Journal.isMarked({ labels: labelsOf(specText), constraints: constraintsOf(specText) })

/** Takes out the constraints of a pin or an empty; the user's stay in their order. */
export const takeOutConstraints = (specText: string): Edited => {
  const marker = Journal.findMarker(constraintsOf(specText))
  if (marker === null) return Either.right(specText)
  const value = marker.without.length === 0 ? null : JSON.stringify(marker.without)
  return Either.flatMap(edit(specText, [{ path: constraintsPath, value }]), withoutEmptyPlacement)
}

/** Takes out the constraints of a pin or an empty and puts back the update config that its mark tells of. */
export const takeOut = (specText: string): Edited => {
  const marker = Journal.findMarker(constraintsOf(specText))
  if (marker === null) return Either.right(specText)
  const { order, parallelism } = marker.original
  return Either.flatMap(takeOutConstraints(specText), (text) => {
    if (SpecText.get(text, updatePath) === undefined) return Either.right(text)
    if (order === "none") return withoutMadeUpdate(text)
    return edit(text, [
      { path: orderPath, value: order === "absent" ? null : JSON.stringify(order) },
      ...(parallelism === null ? [] : [{ path: parallelismPath, value: String(parallelism) }])
    ])
  })
}

const membersOf = (specText: string, path: SpecText.Path): ReadonlyArray<[string, unknown]> =>
  Object.entries((JSON.parse(SpecText.get(specText, path) ?? "{}") as object | null) ?? {})

/** The update config that the move made goes, unless somebody has added to it: then only the order does. */
const withoutMadeUpdate = (specText: string): Edited => {
  const isOurs = membersOf(specText, updatePath).every(
    ([key, value]) => key === "Order" || (key === "Parallelism" && value === 1) || isDefault(key, value)
  )
  return edit(specText, [{ path: isOurs ? updatePath : orderPath, value: null }])
}

const placementPath = ["TaskTemplate", "Placement"]

const withoutEmptyPlacement = (specText: string): Edited =>
  membersOf(specText, placementPath).every(([key, value]) => isDefault(key, value))
    ? edit(specText, [{ path: placementPath, value: null }])
    : Either.right(specText)
