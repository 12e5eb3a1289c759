/**
 * The leader's side of agents' sessions (swarmkit `manager/dispatcher/dispatcher.go`): assignments out and statuses in, in
 * batches; nodes that fall silent go DOWN after three heartbeats, after six if the leader has only just begun. Heartbeats are not
 * simulated one by one: when a node falls silent, the time of its last one is drawn.
 */
import { stateRanks } from "@evenkeel/domain/Task"
import type { AgentSessions, Fleet } from "./Fleet.ts"
import { durationAt } from "./Json.ts"
import type { TaskReport } from "./LocalTask.ts"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { NodeState, TaskRecord } from "./Records.ts"
import type { Change } from "./Store.ts"
import { hasEnded } from "./TaskStates.ts"

const graceMultiplier = 3
const unknownGraceMultiplier = 6
const defaultHeartbeatMillis = 5000

export class Dispatcher implements AgentSessions {
  readonly #machine: Machine
  readonly #scope: Scope
  readonly #fleet: Fleet
  readonly #sessions = new Set<string>()
  readonly #expiries = new Map<string, () => void>()
  /** When they are due, of nodes that have fallen silent. */
  readonly #expiryMillis = new Map<string, number>()
  readonly #orphaning = new Map<string, () => void>()
  readonly #reports = new Map<string, { readonly nodeId: string; readonly report: TaskReport }>()
  readonly #nodeStates = new Map<string, { readonly state: NodeState; readonly message: string }>()
  readonly #toSend = new Map<string, Set<string>>()
  readonly #flush: Wake

  constructor(machine: Machine, scope: Scope, fleet: Fleet) {
    this.#machine = machine
    this.#scope = scope
    this.#fleet = fleet
    this.#flush = new Wake(scope, machine.timings.dispatcherBatch, () => this.#write())
    scope.watch(machine.store, (changes) => this.#observe(changes))
  }

  start(isFirst: boolean): void {
    const { store } = this.#machine
    if (!isFirst)
      store.update((transaction) => {
        for (const node of store.nodes.values()) {
          if (node.state === "down") this.#orphanLater(node.id)
          else {
            transaction.put({
              ...node,
              state: "unknown",
              message: 'Node moved to "unknown" state due to leadership change in cluster'
            })
            const grace = unknownGraceMultiplier * this.#heartbeatMillis()
            this.#expireAfter(node.id, grace, 'heartbeat failure for node in "unknown" state')
          }
        }
      })
    this.#fleet.attach(this, isFirst)
  }

  hasSession(nodeId: string): boolean {
    return this.#sessions.has(nodeId)
  }

  registered(nodeId: string): void {
    if (!this.#machine.store.nodes.has(nodeId)) return
    this.heard(nodeId)
    this.#sessions.add(nodeId)
    this.#orphaning.get(nodeId)?.()
    this.#orphaning.delete(nodeId)
    this.#nodeStates.set(nodeId, { state: "ready", message: "" })
    this.#flush.request()
  }

  heard(nodeId: string): void {
    this.#expiries.get(nodeId)?.()
    this.#expiries.delete(nodeId)
    this.#expiryMillis.delete(nodeId)
    this.#sendComplete(nodeId)
  }

  silent(nodeId: string): void {
    if (!this.#sessions.has(nodeId) || this.#expiries.has(nodeId)) return
    const period = this.#heartbeatMillis()
    const sinceLast = this.#machine.random.between(0, period)
    this.#expireAfter(nodeId, graceMultiplier * this.#heartbeatMillis() - sinceLast, "heartbeat failure")
  }

  reported(nodeId: string, taskId: string, report: TaskReport): void {
    this.#reports.set(taskId, { nodeId, report })
    this.#flush.request()
  }

  /** The period with its tenth of jitter. */
  #heartbeatMillis(): number {
    const { random, store } = this.#machine
    const period = durationAt(store.cluster.spec, "Dispatcher", "HeartbeatPeriod") || defaultHeartbeatMillis
    return random.between(period * 0.9, period * 1.1)
  }

  /** Nodes that fell silent, and when each is to be called DOWN. */
  get silentNodes(): ReadonlyMap<string, number> {
    return this.#expiryMillis
  }

  #expireAfter(nodeId: string, delayMillis: number, message: string): void {
    this.#expiries.get(nodeId)?.()
    this.#expiryMillis.set(nodeId, this.#machine.agenda.nowMillis + delayMillis)
    this.#expiries.set(
      nodeId,
      this.#scope.schedule(delayMillis, () => {
        this.#expiries.delete(nodeId)
        this.#expiryMillis.delete(nodeId)
        this.#sessions.delete(nodeId)
        this.#nodeStates.set(nodeId, { state: "down", message })
        this.#orphanLater(nodeId)
        this.#flush.request()
      })
    )
  }

  #orphanLater(nodeId: string): void {
    this.#orphaning.get(nodeId)?.()
    const cancel = this.#scope.schedule(this.#machine.timings.nodeDownPeriod, () => this.#orphan(nodeId))
    this.#orphaning.set(nodeId, cancel)
  }

  #orphan(nodeId: string): void {
    const { agenda, store } = this.#machine
    store.update((transaction) => {
      for (const task of store.tasksOnNode(nodeId))
        if (stateRanks[task.state] >= stateRanks.assigned && !hasEnded(task))
          transaction.put({ ...task, state: "orphaned", stateMillis: agenda.nowMillis })
    })
  }

  #observe(changes: ReadonlyArray<Change>): void {
    for (const { after, before } of changes) {
      if (after?.kind === "task") this.#taskChanged(after, before?.kind === "task" ? before : null)
      else if (before?.kind === "task") this.#fleet.withdraw(before.nodeId, before.id)
      else if (after === null && before?.kind === "node") this.#forget(before.id)
    }
  }

  /** Only what managers decide is sent: an agent's own report does not come back to it. */
  #taskChanged(task: TaskRecord, before: TaskRecord | null): void {
    if (task.nodeId === "" || stateRanks[task.state] < stateRanks.assigned) return
    const isNews = before === null || before.desired !== task.desired || before.nodeId !== task.nodeId
    if (!isNews && task.state !== "assigned") return
    const pending = this.#toSend.get(task.nodeId)
    if (pending !== undefined) pending.add(task.id)
    else {
      this.#toSend.set(task.nodeId, new Set([task.id]))
      this.#scope.schedule(this.#machine.timings.dispatcherBatch, () => this.#send(task.nodeId))
    }
  }

  #send(nodeId: string): void {
    const ids = this.#toSend.get(nodeId)
    this.#toSend.delete(nodeId)
    if (ids === undefined || !this.#sessions.has(nodeId)) return
    const tasks = [...ids].flatMap((id) => this.#machine.store.tasks.get(id) ?? [])
    this.#fleet.deliver(nodeId, tasks, false)
  }

  /** What the agent should have, all of it: at the start of a session and after an interruption. */
  #sendComplete(nodeId: string): void {
    const { store, timings } = this.#machine
    this.#scope.schedule(timings.dispatcherBatch, () => {
      if (!this.#sessions.has(nodeId)) return
      const tasks = store.tasksOnNode(nodeId).filter(({ state }) => stateRanks[state] >= stateRanks.assigned)
      this.#fleet.deliver(nodeId, tasks, true)
    })
  }

  #forget(nodeId: string): void {
    for (const pending of [this.#expiries, this.#orphaning]) {
      pending.get(nodeId)?.()
      pending.delete(nodeId)
    }
    this.#expiryMillis.delete(nodeId)
    this.#sessions.delete(nodeId)
    this.#nodeStates.delete(nodeId)
  }

  #write(): void {
    const { agenda, store } = this.#machine
    store.update((transaction) => {
      for (const [id, { nodeId, report }] of this.#reports) {
        const task = store.tasks.get(id)
        if (task === undefined || task.nodeId !== nodeId || isSameReport(task, report)) continue
        if (stateRanks[task.state] > stateRanks[report.state]) continue
        const { addresses, container, error, message, state, stateMillis } = report
        transaction.put({
          ...task,
          ...{ container, error, message, state, stateMillis },
          appliedMillis: agenda.nowMillis,
          attachments: addresses === null ? task.attachments : withAddresses(task.attachments, addresses)
        })
      }
      this.#reports.clear()
      for (const [id, { message, state }] of this.#nodeStates) {
        const node = store.nodes.get(id)
        if (node !== undefined && (node.state !== state || node.message !== message))
          transaction.put({ ...node, state, message })
      }
      this.#nodeStates.clear()
    })
  }
}

const withAddresses = (attachments: TaskRecord["attachments"], addresses: ReadonlyArray<string>) =>
  attachments.map((attachment, i) => {
    const own = addresses[i]
    return own === undefined ? attachment : { ...attachment, addresses: [own] }
  })

const isSameReport = (task: TaskRecord, report: TaskReport): boolean =>
  task.state === report.state &&
  task.message === report.message &&
  task.error === report.error &&
  task.stateMillis === report.stateMillis
