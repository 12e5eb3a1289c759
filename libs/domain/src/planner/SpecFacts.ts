/**
 * What planning reads of the tasks' own copies of their service's template: whether they are outdated, and what they
 * reserve. Tasks of one service mostly carry equal copies, so it is worked out once for each different one; and a task that
 * was judged before and has not changed since is not judged again (weakly remembered by identity: nothing is kept alive).
 */
import type { Node } from "../Node.ts"
import { isTaskDirty } from "../rules/Dirtiness.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import type { Service } from "../Service.ts"
import { stateRank, stateRanks, type Task } from "../Task.ts"

interface Facts {
  readonly service: Service
  readonly claim: NodeLoad.Claim
  /** Whether the task equals the service's template, wherever it runs; null until it is asked. */
  isSame: boolean | null
}

const bySpec = new WeakMap<object, Facts>()

export interface SpecFacts {
  /** See `NodeLoad.claimOfTask`. */
  readonly claimOf: (task: Task) => NodeLoad.Claim | null
  /** See `Dirtiness.isTaskDirty`. */
  readonly isDirty: (task: Task, node: Node | undefined) => boolean
}

/** Facts of one service's tasks. */
export const of = (service: Service): SpecFacts => {
  const seen: Array<{ readonly spec: object; readonly facts: Facts }> = []

  const factsOf = (task: Task): Facts | null => {
    const { spec } = task
    if (typeof spec !== "object" || spec === null) return null
    const known = bySpec.get(spec)
    if (known?.service === service) return known
    let facts = seen.find((each) => isSameJson(each.spec, spec))?.facts
    if (facts === undefined) {
      const claim = NodeLoad.claimOfTask(task, service)
      if (claim === null) return null
      facts = { service, claim: { ...claim, active: true }, isSame: null }
      seen.push({ spec, facts })
    }
    bySpec.set(spec, facts)
    return facts
  }

  return {
    claimOf: (task) => {
      const rank = stateRank(task.state)
      if (task.node === null || rank < stateRanks.pending || rank > stateRanks.running) return null
      const claim = factsOf(task)?.claim ?? NodeLoad.claimOfTask(task, service)
      return claim === null || claim.active === task.isActive ? claim : { ...claim, active: task.isActive }
    },
    isDirty: (task, node) => {
      if (task.specVersion !== null && task.specVersion === service.specVersion) return false
      const facts = factsOf(task)
      if (facts === null) return isTaskDirty({ service, task, node })
      facts.isSame ??= !isTaskDirty({ service, task, node: undefined })
      return !facts.isSame && isTaskDirty({ service, task, node })
    }
  }
}

/** Plain equality of JSON values, without regard to the order of keys. */
const isSameJson = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!isSameJson(a[i], b[i])) return false
    return true
  }
  if (Array.isArray(b)) return false
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  let keys = 0
  for (const key in left) {
    const mine = left[key]
    const other = right[key]
    if (mine !== other && (typeof mine !== "object" || !isSameJson(mine, other))) return false
    keys++
  }
  for (const _ in right) keys--
  return keys === 0
}
