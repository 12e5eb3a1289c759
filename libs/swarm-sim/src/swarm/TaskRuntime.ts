/**
 * The port by which an agent runs a task: something that can be prepared (image pulled), started, asked to stop, killed, and cut
 * off. What runs is the runtime's matter (nothing but states: `VirtualRuntime`; a real server: the loopback runtime); when it
 * runs is the agent's. A runtime takes time only from its context, or tells of events of the real world by the signals.
 */
import type { EngineJson } from "./SwarmPort.ts"
import type { SeededRandom } from "./SeededRandom.ts"

/** One address of a task, without its prefix length. */
export interface TaskAddress {
  readonly networkId: string
  readonly networkName: string
  readonly address: string
}

/** A container's health check, with the engine's defaults filled in. */
export interface HealthCheck {
  readonly intervalMillis: number
  readonly timeoutMillis: number
  readonly startPeriodMillis: number
  readonly retries: number
}

/** The task that is to run, as its node knows it. */
export interface TaskStart {
  readonly taskId: string
  readonly serviceId: string
  readonly serviceName: string
  /** 0 for tasks of global services. */
  readonly slot: number
  readonly nodeId: string
  readonly hostname: string
  /** The task template (`Spec` of `GET /tasks/{id}`). */
  readonly spec: EngineJson
  /** `ContainerSpec.Env` with the templates (`{{.Node.Hostname}}`, `{{.Task.Slot}}`, …) filled in. */
  readonly env: ReadonlyArray<string>
  readonly addresses: ReadonlyArray<TaskAddress>
  /** Host-mode ports with a number. */
  readonly hostPorts: ReadonlyArray<{ readonly target: number; readonly published: number; readonly protocol: string }>
  /** Null when it has none: then it counts as running as soon as it is started. */
  readonly healthCheck: HealthCheck | null
}

/**
 * What a runtime tells the agent. Signals may come at any time and more than once; those that no longer matter are passed over.
 * They may be called from outside the simulation (a socket's callback): they take effect at the simulation's present.
 */
export interface TaskSignals {
  /** The container exists: the image is there. */
  readonly prepared: () => void
  /** It cannot be made: `message` becomes the task's error (`No such image: …`) and the task is REJECTED. */
  readonly rejected: (message: string) => void
  /** The process runs. `addresses` replaces what `NetworksAttachments` shows, in the order of the attachments (CIDR). */
  readonly started: (addresses?: ReadonlyArray<string>) => void
  readonly healthy: () => void
  /** The health check failed as often as its retries allow; the agent stops the container and the task fails. */
  readonly unhealthy: () => void
  /** The process ended. Without `message` the engine's own text is used. */
  readonly exited: (exitCode: number, message?: string) => void
}

export interface TaskHandle {
  /** Start the container that `prepared` announced; answered by `started`, later by `healthy` where there is a health check. */
  readonly start: () => void
  /** Stop signal, and kill after the grace; answered by `exited`. */
  readonly stop: (graceMillis: number) => void
  /** At once and without an answer: the node has crashed, or the container is removed. Sockets are reset. */
  readonly kill: () => void
  /** Cut off (black hole): nothing reaches it, it runs on. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Makes the health check fail, or succeed again. */
  readonly setHealthy: (healthy: boolean) => void
}

export interface TaskRuntime {
  /** Begins to prepare a container for the task. `extraMillis` is what the fault `slow-start` adds to its start. */
  readonly prepare: (start: TaskStart, signals: TaskSignals, extraMillis: number) => TaskHandle
}

/** What a runtime is made with. */
export interface RuntimeContext {
  readonly nowMillis: () => number
  /** Calls the action after a delay of simulated time; answers how to cancel it. */
  readonly schedule: (delayMillis: number, action: () => void) => () => void
  readonly random: SeededRandom
}

export type MakeRuntime = (context: RuntimeContext) => TaskRuntime
