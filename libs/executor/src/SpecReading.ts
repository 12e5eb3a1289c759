/** What a move reads of a spec's raw text before it changes it: constraints and update config. Pure. */
import type * as Journal from "@evenkeel/domain/MoveJournal"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { changeAt } from "./SpecChanges.ts"

type Path = Journal.SpecChange["path"]

export const constraintsPath: Path = ["TaskTemplate", "Placement", "Constraints"]
export const updatePath: Path = ["UpdateConfig"]
export const orderPath: Path = ["UpdateConfig", "Order"]
export const parallelismPath: Path = ["UpdateConfig", "Parallelism"]

const parsed = (specText: string, path: Path): unknown => {
  const text = SpecText.get(specText, path)
  return text === undefined ? null : (JSON.parse(text) as unknown)
}

export const constraintsOf = (specText: string): ReadonlyArray<string> => {
  const constraints = parsed(specText, constraintsPath)
  return Array.isArray(constraints) ? constraints.map(String) : []
}

/**
 * How the update config stands. Its parallelism is recorded only where the move will change it: an empty moves one task at a
 * time, whatever the user's updates do, and 0 means all at once.
 */
export const originalUpdate = (specText: string, oneAtATime: boolean): Journal.OriginalUpdate => {
  if (parsed(specText, updatePath) === null) return { order: "none", parallelism: null }
  const order = parsed(specText, orderPath)
  const parallelism = Number(parsed(specText, parallelismPath) ?? 0)
  return {
    order: order === "start-first" || order === "stop-first" ? order : "absent",
    parallelism: oneAtATime && parallelism !== 1 ? parallelism : null
  }
}

/** What the move changes of the update config. Where there is none, it makes one with the default parallelism of 1. */
export const updateChanges = (
  specText: string,
  original: Journal.OriginalUpdate,
  order: "start-first" | "stop-first"
): ReadonlyArray<Journal.SpecChange> => {
  if (original.order === "none") return [changeAt(specText, updatePath, { Parallelism: 1, Order: order })]
  // An order that is not named is stop-first.
  const isSo = original.order === order || (original.order === "absent" && order === "stop-first")
  return [
    ...(isSo ? [] : [changeAt(specText, orderPath, order)]),
    ...(original.parallelism === null ? [] : [changeAt(specText, parallelismPath, 1)])
  ]
}
