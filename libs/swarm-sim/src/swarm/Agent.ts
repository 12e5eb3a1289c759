/**
 * The agent of one node: takes assigned tasks through their states (swarmkit `agent/exec/controller.go:Do`, moby
 * `executor/container/controller.go`), asks the runtime to run them, and reports each state. What managers make of a report is
 * `Dispatcher`'s matter.
 */
import { stateRanks } from "@evenkeel/domain/Task"
import { exitText, type LocalTask, localTask, noContainer, type TaskReport } from "./LocalTask.ts"
import type { Machine } from "./Machine.ts"
import type { TaskRecord } from "./Records.ts"
import { healthCheckOf } from "./Templates.ts"
import { type Signal, signals } from "./Signals.ts"
import type { TaskRuntime } from "./TaskRuntime.ts"
import { taskStart } from "./TaskEnvironment.ts"

export interface AgentParts {
  readonly machine: Machine
  readonly runtime: TaskRuntime
  readonly nodeId: string
  readonly hostname: string
  readonly onReport: (taskId: string, report: TaskReport) => void
  /** What the fault `slow-start` adds for this task. */
  readonly slowStartMillis: (task: TaskRecord) => number
  /** Whether the fault `unhealthy` concerns this task. */
  readonly isUnhealthy: (task: TaskRecord) => boolean
}

export class Agent {
  readonly #parts: AgentParts
  readonly #tasks = new Map<string, LocalTask>()
  /** No longer assigned, and their containers have not ended yet. */
  readonly #leaving = new Set<LocalTask>()
  /** Signals and timers of an engine that is no more are passed over. */
  #life = 0
  #isRunning = true

  constructor(parts: AgentParts) {
    this.#parts = parts
  }

  get tasks(): ReadonlyMap<string, { readonly task: TaskRecord; readonly report: TaskReport }> {
    return this.#tasks
  }

  /** Takes what managers want of tasks. In a complete set, tasks that are missing are no longer assigned: they are removed. */
  assign(assigned: ReadonlyArray<TaskRecord>, isComplete: boolean): void {
    for (const task of assigned) this.#take(task)
    if (!isComplete) return
    const ids = new Set(assigned.map(({ id }) => id))
    for (const id of [...this.#tasks.keys()]) if (!ids.has(id)) this.remove(id)
  }

  #take(task: TaskRecord): void {
    const known = this.#tasks.get(task.id)
    if (known === undefined) {
      if (stateRanks[task.state] > stateRanks.running) return
      const local = localTask(task)
      this.#tasks.set(task.id, local)
      this.#step(local)
    } else {
      known.task = task
      known.desired = task.desired
      this.#step(known)
    }
  }

  /** The task is no longer assigned: its container is shut down and removed, and nothing is reported any more. */
  remove(id: string): void {
    const local = this.#tasks.get(id)
    if (local === undefined) return
    this.#tasks.delete(id)
    const { handle } = local
    if (handle === null) return
    if (stateRanks[local.report.state] > stateRanks.running) return handle.kill()
    this.#leaving.add(local)
    this.#after(this.#unbindingMillis(local), () => handle.stop(local.task.template.stopGraceMillis))
  }

  #killLeaving(): void {
    for (const { handle } of this.#leaving) handle?.kill()
    this.#leaving.clear()
  }

  /** Everything on the node ends at once. */
  crash(): void {
    this.#life++
    this.#isRunning = false
    for (const { handle } of this.#tasks.values()) handle?.kill()
    this.#killLeaving()
  }

  /** The engine alone stops; containers run on. */
  stopEngine(): void {
    this.#life++
    this.#isRunning = false
  }

  /** After a crash: containers that ran are found dead; those that were not started yet are made anew. */
  boot(): void {
    this.#life++
    this.#isRunning = true
    for (const local of [...this.#tasks.values()]) {
      const { state } = local.report
      local.stopping = "no"
      local.handle = null
      if (state === "starting" || state === "running") this.#end(local, "failed", exitText(255, false), 255)
      else this.#restartPreparing(local)
    }
  }

  /** After `stopEngine`: the new engine stops the containers that it finds running. */
  startEngine(): void {
    this.#life++
    this.#isRunning = true
    this.#killLeaving()
    for (const local of [...this.#tasks.values()]) {
      const { handle } = local
      if (stateRanks[local.report.state] > stateRanks.running) continue
      // What was to be stopped without a container is told once more by the managers.
      local.stopping = "no"
      if (handle === null) continue
      handle.kill()
      local.handle = null
      if (local.report.state === "starting" || local.report.state === "running")
        this.#after(this.#parts.machine.random.between(100, 500), () => this.#exited(local, 0, ""))
      else this.#restartPreparing(local)
    }
  }

  freeze(): void {
    for (const { handle } of [...this.#tasks.values(), ...this.#leaving]) handle?.freeze()
  }

  thaw(): void {
    for (const { handle } of [...this.#tasks.values(), ...this.#leaving]) handle?.thaw()
  }

  setHealthy(matches: (task: TaskRecord) => boolean, healthy: boolean): void {
    for (const { handle, task } of this.#tasks.values()) if (matches(task)) handle?.setHealthy(healthy)
  }

  /** Reports every task again, as at the start of a session. */
  reportAll(): void {
    for (const [id, { report }] of this.#tasks)
      if (stateRanks[report.state] > stateRanks.assigned) this.#parts.onReport(id, report)
  }

  #after(delayMillis: number, action: () => void): void {
    const life = this.#life
    this.#parts.machine.agenda.schedule(delayMillis, () => {
      if (life === this.#life) action()
    })
  }

  #unbindingMillis({ task }: LocalTask): number {
    return task.attachments.length > 0 ? this.#parts.machine.timings.gossipConverge : 0
  }

  #set(local: LocalTask, change: Partial<TaskReport>): void {
    local.report = { ...local.report, error: "", ...change, stateMillis: this.#parts.machine.agenda.nowMillis }
    if (this.#tasks.get(local.task.id) === local) this.#parts.onReport(local.task.id, local.report)
  }

  #step(local: LocalTask): void {
    if (!this.#isRunning) return
    const { state } = local.report
    if (stateRanks[state] >= stateRanks.complete) return
    if (stateRanks[local.desired] >= stateRanks.shutdown) return this.#shutDown(local)
    const isBelowDesired = stateRanks[state] < stateRanks[local.desired]
    if (!isBelowDesired) return
    if (state === "assigned") {
      this.#set(local, { state: "accepted", message: "accepted" })
      this.#set(local, { state: "preparing", message: "preparing" })
      this.#prepare(local)
    } else if (state === "ready") {
      const { machine } = this.#parts
      const container = { containerId: machine.random.hex(64), pid: 0, exitCode: 0 }
      this.#set(local, { state: "starting", message: "starting", container })
      local.handle?.start()
    }
  }

  #restartPreparing(local: LocalTask): void {
    const { state } = local.report
    if (stateRanks[state] > stateRanks.running || stateRanks[state] < stateRanks.accepted) return
    local.report = { ...local.report, state: "preparing" }
    this.#prepare(local)
  }

  #prepare(local: LocalTask): void {
    const { hostname, isUnhealthy, nodeId, runtime, slowStartMillis } = this.#parts
    const start = taskStart(local.task, nodeId, hostname, healthCheckOf(local.task.template.spec))
    local.handle = runtime.prepare(start, signals(this.#told, this.#life, local), slowStartMillis(local.task))
    if (isUnhealthy(local.task)) local.handle.setHealthy(false)
  }

  /** Takes a signal of the engine's present life at the Swarm's present. */
  readonly #told = (life: number, local: LocalTask, signal: Signal): void =>
    this.#parts.machine.enter(() => {
      if (life === this.#life) this.#signalled(local, signal)
    })

  #signalled(local: LocalTask, signal: Signal): void {
    const isPreparing = local.report.state === "preparing" && local.stopping === "no"
    switch (signal.kind) {
      case "prepared":
        if (!isPreparing) return
        this.#set(local, { state: "ready", message: "prepared" })
        return this.#step(local)
      case "rejected":
        if (!isPreparing) return
        return this.#set(local, {
          state: "rejected",
          error: signal.message,
          container: local.report.container ?? noContainer
        })
      case "started":
        if (signal.addresses !== undefined) local.report = { ...local.report, addresses: signal.addresses }
        return healthCheckOf(local.task.template.spec) === null ? this.#running(local) : undefined
      case "healthy":
        return this.#running(local)
      case "unhealthy":
        if (local.stopping !== "no" || (local.report.state !== "starting" && local.report.state !== "running")) return
        local.stopping = "unhealthy"
        return this.#stopContainer(local)
      case "exited":
        return this.#exited(local, signal.exitCode, signal.message)
    }
  }

  #running(local: LocalTask): void {
    const { container, state } = local.report
    if (state !== "starting" || local.stopping !== "no") return
    const pid = 1000 + this.#parts.machine.random.int(30_000)
    this.#set(local, {
      state: "running",
      message: "started",
      container: container === null ? null : { ...container, pid }
    })
  }

  #shutDown(local: LocalTask): void {
    if (local.stopping === "wanted") return
    const wasStopping = local.stopping !== "no"
    local.stopping = "wanted"
    if (!wasStopping) this.#stopContainer(local)
  }

  /** Unbinds it, waits for the word to spread, and then asks the process to stop. */
  #stopContainer(local: LocalTask): void {
    this.#after(this.#unbindingMillis(local), () => {
      const { state } = local.report
      if (local.handle !== null && (state === "starting" || state === "running"))
        local.handle.stop(local.task.template.stopGraceMillis)
      else {
        local.handle?.kill()
        this.#exited(local, 0, "")
      }
    })
  }

  #exited(local: LocalTask, exitCode: number, text: string): void {
    const { state } = local.report
    if (stateRanks[state] > stateRanks.running) return
    if (local.stopping === "wanted") return this.#end(local, "shutdown", "", exitCode)
    if (exitCode === 0) return this.#end(local, "complete", "", 0)
    this.#end(local, "failed", text === "" ? exitText(exitCode, local.stopping === "unhealthy") : text, exitCode)
  }

  #end(local: LocalTask, state: "shutdown" | "complete" | "failed", error: string, exitCode: number): void {
    const { container, message } = local.report
    local.handle = null
    this.#leaving.delete(local)
    this.#set(local, {
      state,
      error,
      message: state === "shutdown" ? "shutdown" : state === "complete" ? "finished" : message,
      container: { ...(container ?? noContainer), pid: 0, exitCode }
    })
  }
}
