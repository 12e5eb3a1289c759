/**
 * The labels of a service that planning reads, in one place and remembered by their texts: clusters have thousands of
 * services and few different sets of these labels. `ServiceLabels` says what they may hold.
 */
import type { Service } from "../Service.ts"
import * as ServiceLabels from "../ServiceLabels.ts"

export interface MoveLabels {
  /** `auto` moves what holds no state, `off` nothing, `force` that too. Default `auto`. */
  readonly rebalance: "auto" | "off" | "force"
  /** Null for none, or one that cannot be read. */
  readonly group: string | null
  /** How dear a move is. Default 1. */
  readonly cost: number
  /** Whether a task of it must end before its successor starts: every move then leaves a gap. */
  readonly isStopFirst: boolean
  /** Its clients keep to a task: every move of one breaks some of their sessions. */
  readonly isSticky: boolean
}

const names = ["rebalance", "cost", "group", "order", "lb"].map((name) => `${ServiceLabels.labelPrefix}${name}`)
const none: MoveLabels = { rebalance: "auto", group: null, cost: 1, isStopFirst: false, isSticky: false }

/** Texts seen so far; emptied when there are so many that they cannot be few by nature. */
const known = new Map<string, MoveLabels>()
const mostKnown = 20_000

export const of = ({ labels }: Service): MoveLabels => {
  let key = ""
  for (const name of names) {
    const text = labels[name]
    if (text !== undefined) key += `${name}=${JSON.stringify(text)} `
  }
  if (key === "") return none
  const found = known.get(key)
  if (found !== undefined) return found
  const texts = Object.fromEntries(names.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])))
  const decoded = ServiceLabels.decode(texts).labels
  const lb = decoded.lb === undefined ? "" : (texts[`${ServiceLabels.labelPrefix}lb`] ?? "")
  const made: MoveLabels = {
    rebalance: decoded.rebalance ?? none.rebalance,
    group: decoded.group ?? none.group,
    cost: decoded.cost ?? none.cost,
    isStopFirst: decoded.order === "stop-first",
    isSticky: lb === "sticky" || lb.startsWith("hash:")
  }
  if (known.size >= mostKnown) known.clear()
  known.set(key, made)
  return made
}
