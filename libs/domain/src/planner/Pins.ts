/**
 * Where the services of one replica should go, all of them at once: the best assignment (`Assignment`), as pins in an order in
 * which each finds room when its turn comes. Null where there is no such order, or where the assignment would leave a node's
 * reservations out of tolerance: then moves have to be found one by one.
 */
import type { Pausable } from "../Pausable.ts"
import * as Assignment from "./Assignment.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Steps from "./Steps.ts"

/** Services of one replica times nodes up to which they are assigned as a whole. */
const mostCells = 10_000

/** Labels above it cost no more than this. */
const mostCost = 100

/** Whether the cluster is small enough; the same before and after any move. */
export const isSmallEnough = (layout: Layout): boolean =>
  layout.members.filter(({ isSingle }) => isSingle).length * layout.nodes.length <= mostCells

export function* solve(layout: Layout): Pausable<ReadonlyArray<Step> | null> {
  if (!Steps.allows(layout, "pin")) return null
  const { steps, isComplete, deviation } = yield* inOrder(layout, yield* wishes(layout))
  return isComplete && deviation <= 1e-9 ? steps : null
}

interface Ordered {
  readonly steps: ReadonlyArray<Step>
  readonly isComplete: boolean
  /** Of the reserved shares, after these steps. */
  readonly deviation: number
}

/** An order in which every pin finds room, the ones that help most first; incomplete where there is none. */
export function* inOrder(layout: Layout, pins: ReadonlyArray<Step>): Pausable<Ordered> {
  const undo: Array<() => void> = []
  const steps: Array<Step> = []
  let remaining = pins
  for (;;) {
    yield
    const open = remaining.filter(({ member, to }) => member.refusal(layout.at(to)) === null)
    const [best] = open.map((step) => Steps.rate(layout, step)).toSorted(Steps.compare)
    if (best === undefined) break
    steps.push(best.step)
    undo.push(layout.perform(best.step))
    remaining = remaining.filter((step) => step !== best.step)
  }
  const deviation = layout.shares.deviation()
  for (const back of undo.toReversed()) back()
  return { steps, isComplete: remaining.length === 0, deviation }
}

/** The displacements of the best assignment, whether or not there is room now. */
function* wishes(layout: Layout): Pausable<ReadonlyArray<Step>> {
  const { nodes, groups } = layout
  const candidates: Array<{ readonly member: Member; readonly at: number }> = []
  const units: Array<Assignment.Unit> = []
  const nodeBackground = nodes.map(({ activeTasks }) => activeTasks)
  const groupBackground = groups.flatMap(({ counts }) => [...counts])
  for (const member of layout.members) {
    const [task] = member.tasks
    if (!member.isSingle || task === undefined) continue
    const at = layout.indexOf(task.node)
    const group = member.group < 0 ? null : member.group
    candidates.push({ member, at })
    const cost = Math.round(Math.min(member.cost, mostCost) * 10) * 16 + Steps.ageOf(layout, task)
    units.push({ key: member.service.id, group, at, allowed: member.nodes.indexes, cost })
    nodeBackground[at] = (nodeBackground[at] ?? 0) - 1
    if (group === null) continue
    const cell = group * nodes.length + at
    groupBackground[cell] = (groupBackground[cell] ?? 0) - 1
  }
  const placed = yield* Assignment.solve({
    nodeKeys: nodes.map(({ id }) => id),
    groups: groups.length,
    units,
    groupBackground,
    nodeBackground,
    evenNodes: layout.policy.weights.tasks !== 0
  })
  return candidates.flatMap(({ member, at }, i): ReadonlyArray<Step> => {
    const to = placed[i] ?? at
    const [task] = member.tasks
    return task === undefined || to === at ? [] : [Steps.pin(member, task, at, to)]
  })
}
