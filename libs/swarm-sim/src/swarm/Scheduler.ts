/**
 * Chooses a node for each task, once (swarmkit `manager/scheduler/scheduler.go`): waiting tasks of one service and version are
 * placed together by the rules of `@evenkeel/domain/rules`; tasks of global services are only checked. What it knows of nodes it
 * keeps up to date change by change; recent failures it keeps in memory, as SwarmKit's leader does.
 */
import { reasons, explain, firstRefusal } from "@evenkeel/domain/rules/Filters"
import { type Claim, claimOfNewTask, type NodeLoad } from "@evenkeel/domain/rules/NodeLoad"
import { placeGroup } from "@evenkeel/domain/rules/TaskGroup"
import { stateRanks } from "@evenkeel/domain/Task"
import { inFreeOrder } from "./Choices.ts"
import { type Machine, type Scope } from "./Machine.ts"
import { NodeTally } from "./NodeTally.ts"
import type { NodeRecord, TaskRecord, Template } from "./Records.ts"
import { RecentFailures } from "./RecentFailures.ts"
import type { Change } from "./Store.ts"
import { isBeyond, isWantedOrJob } from "./TaskStates.ts"
import { nodeOf } from "./Templates.ts"

interface Tracked {
  readonly nodeId: string
  readonly claim: Claim
}

type Decision = Pick<TaskRecord, "state" | "nodeId" | "message" | "error">

const claims = new WeakMap<Template, { readonly active: Claim; readonly stopping: Claim }>()

const claimOf = (task: TaskRecord): Claim => {
  const known = claims.get(task.template)
  const pair = known ?? {
    active: claimOfNewTask(task.template.service),
    stopping: { ...claimOfNewTask(task.template.service), active: false }
  }
  if (known === undefined) claims.set(task.template, pair)
  return isWantedOrJob(task) ? pair.active : pair.stopping
}

/** Tasks of one group that have no node yet, and their slots for whoever chooses between them. */
class WaitingTasks {
  readonly tasks: Array<TaskRecord>
  readonly #slots: Array<string>

  constructor(tasks: ReadonlyArray<TaskRecord>) {
    this.tasks = [...tasks]
    this.#slots = tasks.map(({ slot }) => String(slot))
  }

  take(pick: (slots: ReadonlyArray<string>) => number): TaskRecord | null {
    const at = this.tasks.length > 1 ? pick(this.#slots) : 0
    const task = this.tasks[at]
    const [last, lastSlot] = [this.tasks.pop(), this.#slots.pop()]
    if (task === undefined || last === undefined || lastSlot === undefined) return null
    if (at < this.tasks.length) {
      this.tasks[at] = last
      this.#slots[at] = lastSlot
    }
    return task
  }
}

export class Scheduler {
  readonly #machine: Machine
  readonly #scope: Scope
  readonly #loads = new Map<string, NodeTally>()
  /** Tasks that hold something of a node. */
  readonly #tracked = new Map<string, Tracked>()
  readonly #unassigned = new Set<string>()
  readonly #preassigned = new Set<string>()
  /** Tasks whose node was given: their failures do not count. */
  readonly #wasPreassigned = new Set<string>()
  readonly #failures = new RecentFailures()
  #tickRequired = false
  #runAtMillis: number | null = null
  #debouncingSince = 0

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine
    this.#scope = scope
    scope.watch(machine.store, (changes) => this.#observe(changes))
  }

  start(): void {
    const { store } = this.#machine
    for (const node of store.nodes.values()) this.#loads.set(node.id, new NodeTally(nodeOf(node)))
    for (const task of store.tasks.values()) {
      if (task.state === "pending" && !isWantedOrJob(task)) continue
      this.#taskChanged(task)
    }
    this.#tickRequired = true
    this.#debounce()
  }

  /** What the scheduler counts of each node; for tests and invariants. */
  get loads(): ReadonlyMap<string, NodeLoad> {
    return this.#loads
  }

  #observe(changes: ReadonlyArray<Change>): void {
    for (const { after, before } of changes) {
      if (after?.kind === "task") this.#taskChanged(after)
      else if (after?.kind === "node") this.#nodeChanged(after)
      else if (before?.kind === "task") this.#forget(before.id)
      else if (before?.kind === "node") this.#loads.delete(before.id)
    }
    this.#debounce()
  }

  #nodeChanged(record: NodeRecord): void {
    const load = this.#loads.get(record.id)
    const node = nodeOf(record)
    if (load === undefined) this.#loads.set(record.id, new NodeTally(node))
    else load.node = node
    this.#tickRequired = true
  }

  #taskChanged(task: TaskRecord): void {
    const rank = stateRanks[task.state]
    if (rank < stateRanks.pending) return
    if (rank > stateRanks.running) {
      const tracked = this.#tracked.get(task.id)
      const hasFailed = task.state === "failed" || task.state === "rejected"
      if (hasFailed && tracked !== undefined && !this.#wasPreassigned.has(task.id))
        this.#failures.record(task, this.#machine.agenda.nowMillis)
      this.#forget(task.id)
      this.#tickRequired = true
    } else if (task.nodeId === "") {
      this.#unassigned.add(task.id)
      this.#tickRequired = true
    } else if (task.state === "pending") {
      this.#preassigned.add(task.id)
      this.#wasPreassigned.add(task.id)
    } else this.#track(task)
  }

  #track(task: TaskRecord): void {
    const claim = claimOf(task)
    const known = this.#tracked.get(task.id)
    if (known?.claim === claim) return
    if (known !== undefined) this.#release(known)
    const load = this.#loads.get(task.nodeId)
    if (load === undefined) return
    load.add(claim)
    this.#tracked.set(task.id, { nodeId: task.nodeId, claim })
  }

  #release({ claim, nodeId }: Tracked): void {
    this.#loads.get(nodeId)?.remove(claim)
  }

  #forget(id: string): void {
    this.#unassigned.delete(id)
    this.#preassigned.delete(id)
    this.#wasPreassigned.delete(id)
    const tracked = this.#tracked.get(id)
    if (tracked === undefined) return
    this.#tracked.delete(id)
    this.#release(tracked)
    this.#tickRequired = true
  }

  /** Every commit puts the next run off by the gap, but not beyond the greatest latency. */
  #debounce(): void {
    const { agenda, timings } = this.#machine
    const now = agenda.nowMillis
    if (this.#runAtMillis === null) {
      this.#debouncingSince = now
      this.#runAtMillis = now + timings.schedulerDebounce
      this.#scope.schedule(timings.schedulerDebounce, () => this.#due())
    } else if (now - this.#debouncingSince > timings.schedulerMaxLatency) this.#runAtMillis = now
    else this.#runAtMillis = now + timings.schedulerDebounce
  }

  #due(): void {
    const now = this.#machine.agenda.nowMillis
    if (this.#runAtMillis !== null && this.#runAtMillis > now) {
      this.#scope.schedule(this.#runAtMillis - now, () => this.#due())
      return
    }
    this.#runAtMillis = null
    if (this.#preassigned.size > 0) this.#checkPreassigned()
    if (!this.#tickRequired) return
    this.#tickRequired = false
    this.#placeWaiting()
  }

  #checkPreassigned(): void {
    const { store } = this.#machine
    const decisions = new Map<string, Decision>()
    for (const id of this.#preassigned) {
      const task = store.tasks.get(id)
      const load = task === undefined ? undefined : this.#loads.get(task.nodeId)
      if (task === undefined || task.state !== "pending") this.#preassigned.delete(id)
      else if (load !== undefined) {
        const filter = firstRefusal(task.template.service)(load)
        if (filter === null) {
          this.#preassigned.delete(id)
          this.#track({ ...task, state: "assigned" })
          const message = "scheduler confirmed task can run on preassigned node"
          decisions.set(id, { state: "assigned", nodeId: task.nodeId, message, error: "" })
        } else decisions.set(id, { ...task, error: reasons([{ filter, nodes: [load.node] }]) })
      }
    }
    this.#write(decisions)
  }

  #placeWaiting(): void {
    const { choices, store } = this.#machine
    const groups = new Map<Template, Array<TaskRecord>>()
    for (const id of this.#unassigned) {
      const task = store.tasks.get(id)
      if (task === undefined || task.nodeId !== "") this.#unassigned.delete(id)
      else {
        const group = groups.get(task.template)
        if (group === undefined) groups.set(task.template, [task])
        else group.push(task)
      }
    }
    const decisions = new Map<string, Decision>()
    const order = inFreeOrder(
      [...groups],
      ([{ serviceName }]) => serviceName,
      (candidates) => choices.pick({ kind: "group", candidates })
    )
    for (const [template, group] of order) this.#placeGroup(template, group, decisions)
    this.#write(decisions)
  }

  #placeGroup(template: Template, group: ReadonlyArray<TaskRecord>, decisions: Map<string, Decision>): void {
    const { agenda, choices } = this.#machine
    const { service } = template
    const waiting = new WaitingTasks(group)
    const { refused } = placeGroup(
      service,
      this.#loads.values(),
      group.length,
      this.#failures.of(service.id, template.specVersion, agenda.nowMillis),
      {
        loadOf: (load) => load,
        orderTies: (tied) =>
          inFreeOrder(
            tied,
            ({ node }) => node.id,
            (candidates) => choices.pick({ kind: "node", service: service.name, candidates })
          ),
        orderBranches: (values) =>
          inFreeOrder(
            values,
            (value) => value,
            (candidates) => choices.pick({ kind: "branch", service: service.name, candidates })
          ),
        place: ({ node }) => {
          const task = waiting.take((candidates) =>
            choices.pick({ kind: "task", service: service.name, node: node.id, candidates })
          )
          if (task === null) return
          this.#unassigned.delete(task.id)
          this.#track({ ...task, nodeId: node.id, state: "assigned" })
          const message = "scheduler assigned task to node"
          decisions.set(task.id, { state: "assigned", nodeId: node.id, message, error: "" })
        }
      }
    )
    const text = explain(refused)
    for (const task of waiting.tasks) this.#noNodeFor(task, text, decisions)
  }

  /** A task of an older version that is no longer wanted is ended; others wait, with the reason as their error. */
  #noNodeFor(task: TaskRecord, text: string, decisions: Map<string, Decision>): void {
    const service = this.#machine.store.services.get(task.serviceId)
    if (service === undefined) this.#unassigned.delete(task.id)
    else if (service.specVersion > task.template.specVersion) {
      this.#unassigned.delete(task.id)
      const isOver = task.state === "pending" && isBeyond(task.desired, "complete")
      if (isOver) decisions.set(task.id, { ...task, state: "shutdown", error: "" })
    } else decisions.set(task.id, { ...task, error: text })
  }

  #write(decisions: ReadonlyMap<string, Decision>): void {
    const { agenda, store } = this.#machine
    store.update((transaction) => {
      for (const [id, { error, message, nodeId, state }] of decisions) {
        const task = store.tasks.get(id)
        if (task === undefined) continue
        if (task.state === state && task.message === message && task.error === error) continue
        transaction.put({ ...task, state, nodeId, message, error, stateMillis: agenda.nowMillis })
      }
    })
  }
}
