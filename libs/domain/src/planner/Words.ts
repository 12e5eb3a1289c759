/** Says what a plan does and leaves, in words: why each move is made, and why each service stays. */
import type { NodeId } from "../Ids.ts"
import * as Movability from "../Movability.ts"
import type { Pausable } from "../Pausable.ts"
import * as Plan from "../Plan.ts"
import * as Filters from "../rules/Filters.ts"
import * as Empty from "./Empty.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Limits from "./Limits.ts"
import * as Score from "./Score.ts"
import * as Steps from "./Steps.ts"
import * as Surge from "./Surge.ts"

/** Why a step is made, as things stand right before it: the first level that it changes. */
export const reasonOf = (layout: Layout, { member, from, to }: Step): Plan.MoveReason => {
  const delta = layout.delta(member, from, to)
  const level = delta.findIndex((value) => Math.abs(value) > 1e-9)
  const [left, reached] = [layout.at(from), layout.at(to)]
  const tasks = { from: left.activeTasks, to: reached.activeTasks }
  if (level < 0 || (delta[level] ?? 0) > 0) return new Plan.MakesRoom(tasks, true)
  switch (level) {
    case 0:
      return preferenceReason(layout, member, from, to)
    case 1:
      return new Plan.ServiceSpread({ from: member.counts.get(from) ?? 0, to: member.counts.get(to) ?? 0 })
    case 2: {
      const group = layout.groups[member.group]?.name ?? ""
      return new Plan.GroupSpread({
        group,
        from: layout.groupCount(member, from),
        to: layout.groupCount(member, to)
      })
    }
    case 3: {
      const percent = (node: typeof left) => Math.round(layout.shares.share(node) * 100)
      return new Plan.LoadSpread({ from: percent(left), to: percent(reached) }, true)
    }
    default:
      return new Plan.NodeSpread(tasks, true)
  }
}

const preferenceReason = (layout: Layout, member: Member, from: number, to: number): Plan.MoveReason => {
  const { branches } = member
  const level = branches?.levels.findIndex((each) => each[from] !== each[to]) ?? -1
  const counts = branches?.countsAt(level, member.counts)
  const countAt = (node: number) => counts?.get(branches?.levels[level]?.[node] ?? 0) ?? 0
  const preference = branches?.descriptors[level] ?? ""
  return new Plan.PreferenceSpread({ preference, from: countAt(from), to: countAt(to) })
}

const countOf = (tasks: number): string => `${tasks} task${tasks === 1 ? "" : "s"}`

const because = (reason: Plan.MoveReason, from: string, to: string): string => {
  const counts = `${countOf(reason.from)} on ${from} and ${reason.to} on ${to}`
  switch (reason._tag) {
    case "ServiceSpread":
      return `it has ${counts}`
    case "PreferenceSpread":
      return `of ${reason.preference} it has ${countOf(reason.from)} where ${from} lies and ${reason.to} where ${to} lies`
    case "GroupSpread":
      return `group ${reason.group} has ${counts}`
    case "LoadSpread":
      return `${from} has ${reason.from}% of its CPU or memory reserved and ${to} ${reason.to}%`
    case "NodeSpread":
      return `all services together have ${counts}`
    case "MakesRoom":
      return "it makes way for a later move of this plan"
  }
}

/** The step as a move, worded for the layout right before it. */
export const moveOf = (layout: Layout, step: Step): Plan.Move => {
  const { member, strategy, task } = step
  const hostname = (node: number) => layout.at(node).hostname
  const [from, to] = [hostname(step.from), hostname(step.to)]
  const orElse = step.alternatives.length === 0 ? "" : ` (or ${step.alternatives.map(hostname).join(", ")})`
  const reason = reasonOf(layout, step)
  const gap = member.isStopFirst ? " with a gap (the old task ends before the new one starts)" : ""
  return new Plan.Move(
    {
      service: member.service.id,
      serviceName: member.service.name,
      strategy,
      order: member.isStopFirst ? "stop-first" : "start-first",
      task: task.id,
      slot: task.slot,
      from: layout.at(step.from).id,
      to: layout.at(step.to).id,
      alternatives: step.alternatives.map((node) => layout.at(node).id),
      reason,
      text: `Moves from ${from} to ${to}${orElse}${gap}: ${because(reason, from, to)}.`
    },
    true
  )
}

/** A line for every service that stays, wholly or in part, by name; for the layout after all moves. */
export function* keptOf(layout: Layout, moved: ReadonlySet<string>): Pausable<ReadonlyArray<Plan.Kept>> {
  const isEven = Limits.areKept(layout)
  const hostname = (node: NodeId) => layout.snapshot.node(node)?.hostname ?? node
  const lightest = layout.open.reduce((least, { activeTasks }) => Math.min(least, activeTasks), Infinity)
  const kept: Array<Plan.Kept> = []
  for (const service of layout.snapshot.services) {
    yield
    const member = layout.memberOf.get(service.id)
    const reason = member === undefined ? layout.fixed.get(service.id) : reasonToStay(layout, member, isEven, lightest)
    if (reason === undefined || (reason._tag === "Balanced" && moved.has(service.id))) continue
    const text = Movability.describe(reason, hostname)
    kept.push(new Plan.Kept({ service: service.id, serviceName: service.name, reason, text }, true))
  }
  return kept.toSorted((a, b) => (a.serviceName < b.serviceName ? -1 : a.serviceName > b.serviceName ? 1 : 0))
}

const balanced: Plan.KeptReason = { _tag: "Balanced" }

const reasonToStay = (layout: Layout, member: Member, isEven: boolean, lightest: number): Plan.KeptReason => {
  if (isEven) return balanced
  if (!member.isSingle && layout.ownSkew(member) > Math.max(1, layout.policy.maxServiceSkew))
    return reasonOfUneven(layout, member)
  for (const task of member.tasks) {
    const from = layout.indexOf(task.node)
    const isFull = layout.at(from).activeTasks - lightest > 1 || member.group >= 0 || member.reserves
    const why = isFull ? whyNotFrom(layout, member, task, from) : null
    if (why !== null) return { _tag: "Unreachable", why }
  }
  return balanced
}

const reasonOfUneven = (layout: Layout, member: Member): Plan.KeptReason => {
  if (member.isStopFirst)
    return {
      _tag: "Unreachable",
      why: "it is never surged, and no emptying of a node would even out more than it upsets"
    }
  const prediction = Surge.predict(layout, member)
  if (prediction._tag === "Possible")
    return { _tag: "Unreachable", why: "no single surge of it would even out more than it upsets" }
  const { preferences } = member.service.placement
  return prediction.isUncertain && member.branches !== null
    ? { _tag: "Preferences", preferences }
    : { _tag: "Unreachable", why: prediction.why }
}

/** Most refused nodes that are looked at for one service. */
const mostLookedAt = 64

/** Where it would be better off if Swarm let it, and what Swarm has against that; null when nowhere. */
const whyNotFrom = (layout: Layout, member: Member, task: Member["tasks"][number], from: number): string | null => {
  const better = member.nodes.indexes
    .filter((to) => to !== from && Score.compare(layout.delta(member, from, to), Score.zero) < 0)
    .slice(0, mostLookedAt)
  const [first] = better
  if (first === undefined) return null
  if (!member.isSingle) {
    const prediction = Empty.predict(layout, member, task)
    if (prediction._tag === "Refused") return prediction.why
    const reached = prediction.outcomes.map(({ to }) => layout.at(to).hostname)
    return `without ${layout.at(from).hostname} Swarm would place it on ${reached.join(" or ")}, which evens out nothing`
  }
  if (!Steps.allows(layout, "pin")) return "pins are switched off"
  const refusals = Map.groupBy(better, (to) => member.refusal(layout.at(to)))
  const refused = [...refusals].flatMap(([filter, nodes]) =>
    filter === null ? [] : [{ filter, nodes: nodes.map((node) => layout.at(node).node) }]
  )
  if (refused.length === 0) return "the moves that it needs would upset more than they even out"
  const hostnames = better.slice(0, 3).map((node) => layout.at(node).hostname)
  const more = better.length > hostnames.length ? " and others" : ""
  return `${hostnames.join(", ")}${more} would even things out, but there Swarm has ${Filters.explain(refused)}`
}
