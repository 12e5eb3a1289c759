/**
 * The machines of the Swarm, whatever its managers believe of them: which of them are up, cut off or dead, and the agent on each.
 * It connects agents with the dispatcher of the manager that leads, as far as they can reach each other.
 */
import { Agent } from "./Agent.ts"
import type { TaskReport } from "./LocalTask.ts"
import type { Machine } from "./Machine.ts"
import type { NodeRecord, TaskRecord } from "./Records.ts"
import type { NodeCondition } from "./SwarmPort.ts"
import type { TaskRuntime } from "./TaskRuntime.ts"

/** The leader's side of a session; there is none while nobody leads. */
export interface AgentSessions {
  /** The agent has opened a session. */
  readonly registered: (nodeId: string) => void
  /** Nothing of the node arrives any more; nobody has noticed yet. */
  readonly silent: (nodeId: string) => void
  /** It arrives again within the session. */
  readonly heard: (nodeId: string) => void
  readonly reported: (nodeId: string, taskId: string, report: TaskReport) => void
  readonly hasSession: (nodeId: string) => boolean
}

export interface Engine {
  readonly nodeId: string
  readonly hostname: string
  readonly agent: Agent
  condition: NodeCondition
  /** Since when it is cut off; null when it is not. */
  cutOffMillis: number | null
  /** Whether dockerd itself runs. */
  isEngineUp: boolean
  /** Counts its changes, so that what was under way before is passed over. */
  generation: number
  /** Counts its starts: the one under way is overtaken by a crash or another start, not by the loss of its link. */
  starts: number
}

/** What faults do to single tasks. */
export interface TaskFaults {
  readonly slowStartMillis: (task: TaskRecord, nodeId: string) => number
  readonly isUnhealthy: (task: TaskRecord) => boolean
}

/** Who is told what changes between machines. */
export interface FleetListener {
  readonly onReachability: () => void
  /** A node that was cut off for so long is back; after `onReachability`. */
  readonly onReturn: (nodeId: string, awayMillis: number) => void
}

const isConnected = (engine: Engine): boolean => engine.condition === "up" && engine.isEngineUp

export class Fleet {
  readonly engines = new Map<string, Engine>()
  readonly #machine: Machine
  readonly #runtime: TaskRuntime
  readonly #faults: TaskFaults
  readonly #onReachability: FleetListener["onReachability"]
  readonly #onReturn: FleetListener["onReturn"]
  #sessions: AgentSessions | null = null

  constructor(machine: Machine, runtime: TaskRuntime, faults: TaskFaults, listener: FleetListener) {
    this.#machine = machine
    this.#runtime = runtime
    this.#faults = faults
    this.#onReachability = listener.onReachability
    this.#onReturn = listener.onReturn
  }

  add({ id }: Pick<NodeRecord, "id">, hostname: string): void {
    this.engines.set(id, {
      nodeId: id,
      hostname,
      agent: new Agent({
        machine: this.#machine,
        runtime: this.#runtime,
        nodeId: id,
        hostname,
        onReport: (taskId, report) => this.#reported(id, taskId, report),
        slowStartMillis: (task) => this.#faults.slowStartMillis(task, id),
        isUnhealthy: (task) => this.#faults.isUnhealthy(task)
      }),
      condition: "up",
      cutOffMillis: null,
      isEngineUp: true,
      generation: 0,
      starts: 0
    })
  }

  /** Whether the node's engine answers. */
  isUp(nodeId: string): boolean {
    const engine = this.engines.get(nodeId)
    return engine !== undefined && isConnected(engine)
  }

  /** A manager has begun (or ceased) to lead: agents that can be reached open sessions with it, each after a moment of its own. */
  attach(sessions: AgentSessions | null, isFirst: boolean): void {
    this.#sessions = sessions
    if (sessions === null) return
    for (const engine of this.engines.values()) {
      if (!isConnected(engine)) continue
      if (isFirst) this.#register(engine)
      else this.#whenUnchanged(engine, this.#machine.random.between(100, 1500), () => this.#register(engine))
    }
  }

  deliver(nodeId: string, tasks: ReadonlyArray<TaskRecord>, isComplete: boolean): boolean {
    const engine = this.engines.get(nodeId)
    if (engine === undefined || !isConnected(engine)) return false
    engine.agent.assign(tasks, isComplete)
    return true
  }

  withdraw(nodeId: string, taskId: string): void {
    const engine = this.engines.get(nodeId)
    if (engine !== undefined && isConnected(engine)) engine.agent.remove(taskId)
  }

  crash(engine: Engine): void {
    if (engine.condition === "crashed") return
    engine.condition = "crashed"
    engine.isEngineUp = false
    engine.starts++
    engine.agent.crash()
    this.#lost(engine)
  }

  blackHole(engine: Engine): void {
    if (engine.condition !== "up") return
    engine.condition = "black-holed"
    engine.cutOffMillis = this.#machine.agenda.nowMillis
    engine.agent.freeze()
    this.#lost(engine)
  }

  /** Undoes a crash (the node boots) or a black hole (its link is back). */
  restore(engine: Engine): void {
    const { random, timings } = this.#machine
    if (engine.condition === "up") return
    const wasCrashed = engine.condition === "crashed"
    const { nowMillis } = this.#machine.agenda
    const awayMillis = nowMillis - (engine.cutOffMillis ?? nowMillis)
    engine.condition = "up"
    engine.cutOffMillis = null
    engine.generation++
    if (wasCrashed) this.#startEngine(engine, timings.engineStart, () => engine.agent.boot())
    else {
      engine.agent.thaw()
      this.#onReachability()
      this.#onReturn(engine.nodeId, awayMillis)
      // One that is still starting opens its session when it has started.
      if (!engine.isEngineUp) return
      if (this.#sessions?.hasSession(engine.nodeId) === true) {
        // The managers have not noticed: the connection is still there, and what was not delivered arrives now.
        this.#sessions.heard(engine.nodeId)
        engine.agent.reportAll()
      } else this.#whenUnchanged(engine, random.between(...timings.reconnect), () => this.#register(engine))
    }
  }

  /** dockerd is killed and started again; the containers run on until the new one finds them. */
  restartEngine(engine: Engine): void {
    if (!isConnected(engine)) return
    engine.isEngineUp = false
    engine.agent.stopEngine()
    this.#lost(engine)
    this.#startEngine(engine, 1000 + this.#machine.timings.engineStart, () => engine.agent.startEngine())
  }

  #startEngine(engine: Engine, delayMillis: number, start: () => void): void {
    const number = ++engine.starts
    this.#machine.agenda.schedule(delayMillis, () => {
      if (engine.starts !== number) return
      engine.isEngineUp = true
      start()
      if (engine.condition === "black-holed") engine.agent.freeze()
      this.#onReachability()
      this.#register(engine)
    })
  }

  #lost(engine: Engine): void {
    engine.generation++
    this.#sessions?.silent(engine.nodeId)
    this.#onReachability()
  }

  #register(engine: Engine): void {
    if (!isConnected(engine) || this.#sessions === null) return
    this.#sessions.registered(engine.nodeId)
    engine.agent.reportAll()
  }

  #reported(nodeId: string, taskId: string, report: TaskReport): void {
    const engine = this.engines.get(nodeId)
    if (engine === undefined || !isConnected(engine)) return
    if (this.#sessions?.hasSession(nodeId) === true) this.#sessions.reported(nodeId, taskId, report)
  }

  #whenUnchanged(engine: Engine, delayMillis: number, action: () => void): void {
    const { generation } = engine
    this.#machine.agenda.schedule(delayMillis, () => {
      if (engine.generation === generation) action()
    })
  }
}
