/** A simulated Swarm with the words that tests speak: services by name, nodes by hostname, time in seconds. */
import { expect } from "vitest"
import type { TaskRecord } from "../../src/swarm/Records.ts"
import { Swarm } from "../../src/swarm/Swarm.ts"
import type { SwarmOptions } from "../../src/swarm/SwarmOptions.ts"
import type { EngineJson, Fault, Outcome } from "../../src/swarm/SwarmPort.ts"

export interface ServiceInput {
  readonly replicas?: number
  readonly global?: boolean
  readonly mode?: EngineJson
  readonly constraints?: ReadonlyArray<string>
  readonly preferences?: ReadonlyArray<string>
  readonly maxReplicas?: number
  readonly memoryMiB?: number
  readonly hostPort?: number
  readonly networks?: ReadonlyArray<string>
  readonly command?: string
  readonly image?: string
  readonly restart?: EngineJson
  readonly healthcheck?: EngineJson
  readonly update?: EngineJson
  readonly rollback?: EngineJson
  readonly labels?: Readonly<Record<string, string>>
  readonly container?: EngineJson
  readonly template?: EngineJson
  readonly endpoint?: EngineJson
}

export const seconds = 1000

export const specOf = (name: string, input: ServiceInput = {}): EngineJson => ({
  Name: name,
  Labels: input.labels ?? {},
  TaskTemplate: {
    ContainerSpec: {
      Image: input.image ?? "web:1",
      ...(input.command === undefined ? {} : { Args: ["sh", "-c", input.command] }),
      ...(input.healthcheck === undefined ? {} : { Healthcheck: input.healthcheck }),
      ...input.container
    },
    ...(input.memoryMiB === undefined
      ? {}
      : { Resources: { Reservations: { MemoryBytes: input.memoryMiB * 1024 * 1024 } } }),
    ...(input.restart === undefined ? {} : { RestartPolicy: input.restart }),
    Placement: {
      ...(input.constraints === undefined ? {} : { Constraints: input.constraints }),
      ...(input.preferences === undefined
        ? {}
        : { Preferences: input.preferences.map((SpreadDescriptor) => ({ Spread: { SpreadDescriptor } })) }),
      ...(input.maxReplicas === undefined ? {} : { MaxReplicas: input.maxReplicas })
    },
    ...(input.networks === undefined ? {} : { Networks: input.networks.map((Target) => ({ Target })) }),
    ...input.template
  },
  Mode: input.mode ?? (input.global === true ? { Global: {} } : { Replicated: { Replicas: input.replicas ?? 1 } }),
  ...(input.update === undefined ? {} : { UpdateConfig: input.update }),
  ...(input.rollback === undefined ? {} : { RollbackConfig: input.rollback }),
  ...(input.endpoint !== undefined
    ? { EndpointSpec: input.endpoint }
    : input.hostPort === undefined
      ? {}
      : {
          EndpointSpec: {
            Mode: "dnsrr",
            Ports: [{ Protocol: "tcp", PublishMode: "host", TargetPort: 80, PublishedPort: input.hostPort }]
          }
        })
})

export const valueOf = <A>(outcome: Outcome<A>): A =>
  outcome.ok ? outcome.value : expect.fail(`refused: ${outcome.failure.message}`)

export const refusalOf = (outcome: Outcome<unknown>): string =>
  outcome.ok ? expect.fail("not refused") : `${outcome.failure._tag}: ${outcome.failure.message}`

export class Cluster {
  readonly swarm: Swarm
  /** Every state that a task was seen in, by task, in order: `3 running` for slot 3. */
  readonly history = new Map<string, Array<string>>()

  constructor(options: SwarmOptions = {}) {
    this.swarm = new Swarm(options)
    const { store } = this.swarm.internals.machine
    store.watch((changes) => {
      for (const { after } of changes) {
        if (after?.kind !== "task") continue
        const seen = this.history.get(after.id) ?? []
        this.history.set(after.id, seen)
        if (seen.at(-1) !== after.state) seen.push(after.state)
      }
    })
  }

  get store() {
    return this.swarm.internals.machine.store
  }

  run(millis: number): this {
    this.swarm.advanceTo(this.swarm.nowMillis() + millis)
    return this
  }

  /** Runs until the condition holds, and fails when it does not within the limit. Answers how long it took. */
  until(what: string, holds: () => boolean, limitMillis = 120 * seconds): number {
    const from = this.swarm.nowMillis()
    while (!holds()) {
      const due = this.swarm.nextDueMillis()
      if (due === null || due > from + limitMillis) return expect.fail(`never: ${what}\n${this.describe()}`)
      this.swarm.advanceTo(due)
    }
    return this.swarm.nowMillis() - from
  }

  describe(): string {
    return [...this.store.tasks.values()]
      .map(
        (task) =>
          `${task.template.serviceName}.${task.slot} ${this.hostname(task)} ${task.desired}/${task.state} ${task.error}`
      )
      .join("\n")
  }

  create(name: string, input: ServiceInput = {}): string {
    return valueOf(this.swarm.createService(specOf(name, input)))
  }

  /** Creates it and waits until all its tasks run. */
  running(name: string, input: ServiceInput = {}): string {
    const id = this.create(name, input)
    const wanted = input.global === true ? this.store.nodes.size : (input.replicas ?? 1)
    this.until(`${name} runs`, () => this.serving(name).length === wanted)
    return id
  }

  service(name: string) {
    return this.store.serviceByName(name) ?? expect.fail(`no service ${name}`)
  }

  update(name: string, change: (spec: EngineJson) => EngineJson, rollback = false): Outcome<null> {
    const service = this.service(name)
    return this.swarm.updateService(service.id, BigInt(service.version), change(service.spec), { rollback })
  }

  /** Replaces the spec's parts that the input names. */
  change(name: string, input: ServiceInput): void {
    valueOf(this.update(name, () => specOf(name, input)))
  }

  scale(name: string, replicas: number): void {
    valueOf(this.update(name, (spec) => ({ ...spec, Mode: { Replicated: { Replicas: replicas } } })))
  }

  nodeId(hostname: string): string {
    for (const { id } of this.store.nodes.values()) if (this.swarm.hostnameOf(id) === hostname) return id
    return expect.fail(`no node ${hostname}`)
  }

  node(hostname: string) {
    return this.store.nodes.get(this.nodeId(hostname)) ?? expect.fail(`no node ${hostname}`)
  }

  setNode(hostname: string, change: EngineJson): void {
    const node = this.node(hostname)
    valueOf(this.swarm.updateNode(node.id, BigInt(node.version), { ...node.spec, ...change }))
  }

  fault(fault: Fault): void {
    valueOf(this.swarm.fault(fault))
  }

  hostname(task: TaskRecord): string {
    return task.nodeId === "" ? "-" : this.swarm.hostnameOf(task.nodeId)
  }

  tasks(name: string): ReadonlyArray<TaskRecord> {
    return [...this.store.tasks.values()].filter(({ template }) => template.serviceName === name)
  }

  serving(name: string): ReadonlyArray<TaskRecord> {
    return this.tasks(name).filter(({ desired, state }) => desired === "running" && state === "running")
  }

  ids(name: string): ReadonlyArray<string> {
    return this.serving(name).map(({ id }) => id)
  }

  /** `n1 n1 n2`: the nodes of the serving tasks, sorted. */
  placement(name: string): string {
    return this.serving(name)
      .map((task) => this.hostname(task))
      .toSorted()
      .join(" ")
  }

  /** `2-1-0`: serving tasks of each node, in the nodes' order. */
  counts(name: string): string {
    const serving = this.serving(name)
    return [...this.store.nodes.keys()].map((id) => serving.filter(({ nodeId }) => nodeId === id).length).join("-")
  }

  updateStatus(name: string): string {
    const status = this.service(name).updateStatus
    return status === null ? "none" : `${status.state}: ${status.message}`
  }

  errors(name: string): ReadonlyArray<string> {
    return this.tasks(name).flatMap(({ error }) => (error === "" ? [] : [error]))
  }
}
