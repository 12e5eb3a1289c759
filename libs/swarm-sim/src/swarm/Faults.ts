/** What goes wrong with machines and tasks when it is told to: faults of `SwarmPort`, found by name or id and put to work. */
import type { Engine, Fleet } from "./Fleet.ts"
import type { Machine } from "./Machine.ts"
import type { Managers } from "./Managers.ts"
import { plain, succeed } from "./Outcomes.ts"
import type { ServiceRecord, TaskRecord } from "./Records.ts"
import type { Fault, Outcome } from "./SwarmPort.ts"

type NodeFault = Extract<Fault, { readonly _tag: "crash" | "black-hole" | "restore" | "restart-dockerd" | "flap" }>
type SlowStart = Extract<Fault, { readonly _tag: "slow-start" }>
type Unhealthy = Extract<Fault, { readonly _tag: "unhealthy" }>

export class Faults {
  readonly #machine: Machine
  readonly #slow = new Map<string, number>()
  /** What is unhealthy until it is told otherwise: `service <id>`, `node <id>`, `task <id>`. */
  readonly #unhealthy = new Set<string>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** By how much a container's start is put off. */
  slowStartMillis(task: TaskRecord, nodeId: string): number {
    if (this.#slow.size === 0) return 0
    return (this.#slow.get(`service ${task.serviceId}`) ?? 0) + (this.#slow.get(`node ${nodeId}`) ?? 0)
  }

  isUnhealthy(task: TaskRecord): boolean {
    if (this.#unhealthy.size === 0) return false
    return (
      this.#unhealthy.has(`task ${task.id}`) ||
      this.#unhealthy.has(`service ${task.serviceId}`) ||
      this.#unhealthy.has(`node ${task.nodeId}`)
    )
  }

  apply(fault: Fault, fleet: Fleet, managers: Managers): Outcome<null> {
    switch (fault._tag) {
      case "leader-change":
        return managers.transfer()
          ? succeed(null)
          : plain("FailedPrecondition", "there is no other manager that could lead")
      case "slow-start":
        return this.#slowStart(fault, fleet)
      case "unhealthy":
        return this.#setHealth(fault, fleet)
      default:
        return this.#nodeFault(fault, fleet)
    }
  }

  #engine(fleet: Fleet, idOrHostname: string): Engine | null {
    return (
      fleet.engines.get(idOrHostname) ??
      fleet.engines.values().find(({ hostname }) => hostname === idOrHostname) ??
      null
    )
  }

  #service(idOrName: string): ServiceRecord | null {
    const { store } = this.#machine
    return store.services.get(idOrName) ?? store.serviceByName(idOrName) ?? null
  }

  #nodeFault(fault: NodeFault, fleet: Fleet): Outcome<null> {
    const engine = this.#engine(fleet, fault.node)
    if (engine === null) return plain("NotFound", `node ${fault.node} not found`)
    if (fault._tag === "crash") fleet.crash(engine)
    else if (fault._tag === "black-hole") fleet.blackHole(engine)
    else if (fault._tag === "restore") fleet.restore(engine)
    else if (fault._tag === "restart-dockerd") fleet.restartEngine(engine)
    else this.#flap(engine, fleet, fault.periodMillis, fault.times)
    return succeed(null)
  }

  /** Cut off and back again, each for half the period. */
  #flap(engine: Engine, fleet: Fleet, periodMillis: number, times: number): void {
    if (times <= 0) return
    const { agenda } = this.#machine
    fleet.blackHole(engine)
    agenda.schedule(periodMillis / 2, () => {
      fleet.restore(engine)
      agenda.schedule(periodMillis / 2, () => this.#flap(engine, fleet, periodMillis, times - 1))
    })
  }

  #slowStart({ millis, node, service }: SlowStart, fleet: Fleet): Outcome<null> {
    const key = this.#keyOf({ node, service }, fleet)
    if (typeof key !== "string") return key
    this.#slow.set(key, millis)
    return succeed(null)
  }

  #setHealth({ node, on, service, task }: Unhealthy, fleet: Fleet): Outcome<null> {
    const key = this.#keyOf({ node, service, task }, fleet)
    if (typeof key !== "string") return key
    if (on) this.#unhealthy.add(key)
    else this.#unhealthy.delete(key)
    const [kind, id] = key.split(" ", 2)
    for (const { agent } of fleet.engines.values())
      agent.setHealthy(
        (each) => (kind === "task" ? each.id : kind === "service" ? each.serviceId : each.nodeId) === id,
        !on
      )
    return succeed(null)
  }

  #keyOf(
    named: {
      readonly node: string | undefined
      readonly service: string | undefined
      readonly task?: string | undefined
    },
    fleet: Fleet
  ): string | Outcome<null> {
    if (named.task !== undefined)
      return this.#machine.store.tasks.has(named.task)
        ? `task ${named.task}`
        : plain("NotFound", `task ${named.task} not found`)
    if (named.service !== undefined) {
      const service = this.#service(named.service)
      return service === null ? plain("NotFound", `service ${named.service} not found`) : `service ${service.id}`
    }
    if (named.node === undefined)
      return plain("InvalidArgument", "name a service or a node that the fault is to concern")
    const engine = this.#engine(fleet, named.node)
    return engine === null ? plain("NotFound", `node ${named.node} not found`) : `node ${engine.nodeId}`
  }
}
