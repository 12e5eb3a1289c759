/**
 * A simulated Docker Swarm: one value that holds managers, agents and machines and moves only when its time is advanced. Equal
 * options, commands and times give equal histories. It is plain TypeScript; `SwarmDriver` moves it by Effect's Clock.
 */
import { Agenda } from "./Agenda.ts"
import { parseSubnet, type Subnet } from "./AddressPool.ts"
import { seeded } from "./Choices.ts"
import * as EngineView from "./EngineView.ts"
import { Events } from "./Events.ts"
import { Faults } from "./Faults.ts"
import { Fleet } from "./Fleet.ts"
import { textAt } from "./Json.ts"
import { defaultTimings, type Machine } from "./Machine.ts"
import { Managers } from "./Managers.ts"
import * as NodeCommands from "./NodeCommands.ts"
import * as ObjectCommands from "./ObjectCommands.ts"
import { NodeRoles } from "./NodeRoles.ts"
import type { NodeRecord } from "./Records.ts"
import { SeededRandom } from "./SeededRandom.ts"
import * as ServiceCommands from "./ServiceCommands.ts"
import { Store } from "./Store.ts"
import { clusterSpec, firstNodes, type SwarmOptions } from "./SwarmOptions.ts"
import type {
  EngineJson,
  Fault,
  NodeCondition,
  ObjectKind,
  Outcome,
  SwarmEvent,
  SwarmPort,
  TaskQuery,
  TaskState
} from "./SwarmPort.ts"
import * as TaskText from "./TaskText.ts"
import { virtual } from "./VirtualRuntime.ts"

const defaultStartMillis = Date.UTC(2026, 0, 1)

/** The raft index of a Swarm that was just made. */
const firstVersion = 8

export class Swarm implements SwarmPort {
  readonly #agenda: Agenda
  readonly #machine: Machine
  readonly #fleet: Fleet
  readonly #managers: Managers
  readonly #roles: NodeRoles
  readonly #faults: Faults
  readonly #events: Events
  readonly #subnets: ObjectCommands.SubnetSource
  readonly #listeners = new Set<() => void>()
  readonly #outside = new Set<() => void>()

  constructor(options: SwarmOptions = {}) {
    const random = new SeededRandom(options.seed ?? 1)
    this.#agenda = new Agenda(options.startMillis ?? defaultStartMillis)
    const nowMillis = () => this.#agenda.nowMillis
    const store = new Store(nowMillis, firstVersion)
    this.#machine = {
      agenda: this.#agenda,
      store,
      random: random.fork(),
      choices: options.choices ?? seeded(random.fork()),
      timings: { ...defaultTimings, ...options.timings },
      enter: (action) => void this.#fromOutside(0, action)
    }
    const runtimeRandom = random.fork()
    const runtime = (options.runtime ?? virtual())({
      nowMillis,
      schedule: (delayMillis, action) => this.#fromOutside(delayMillis, action),
      random: runtimeRandom
    })
    this.#subnets = subnetSource(options.addressPool)
    this.#faults = new Faults(this.#machine)
    this.#fleet = new Fleet(this.#machine, runtime, this.#faults, {
      onReachability: () => this.#managers.reachabilityChanged(),
      onReturn: (nodeId, awayMillis) => this.#managers.returned(nodeId, awayMillis)
    })
    this.#managers = new Managers(this.#machine, this.#fleet, () => {
      this.#events.leaderChanged(nowMillis())
      this.#roles.elected()
    })
    this.#roles = new NodeRoles(this.#machine, this.#managers)
    this.#events = new Events(store, nowMillis)
    store.watch(() => {
      for (const listener of this.#listeners) listener()
    })
    this.#begin(options)
  }

  #begin(options: SwarmOptions): void {
    const { random, store } = this.#machine
    const nodes = firstNodes(options).map((node) => ({ ...node, id: random.id() }))
    store.update((transaction) => {
      transaction.put({ kind: "cluster", id: random.id(), spec: clusterSpec(options) })
      for (const { address, description, id, spec } of nodes)
        transaction.put({
          ...{ kind: "node", id, spec, description, address, state: "ready", message: "", attachments: [] },
          role: spec["Role"] === "manager" ? "manager" : "worker"
        })
    })
    for (const { hostname, id, spec } of nodes) {
      this.#fleet.add({ id }, hostname)
      if (spec["Role"] === "manager") this.#managers.members.add(id)
    }
    ObjectCommands.createNetwork(this.#machine, this.#subnets, { Name: "ingress", Ingress: true, Driver: "overlay" })
    const first = nodes.find(({ hostname }) => hostname === options.leader)?.id ?? [...this.#managers.members][0]
    if (first === undefined) throw new RangeError("a Swarm needs a manager: none of its nodes is one")
    this.#managers.begin(first)
  }

  /** Enters an action for the runtime and wakes whoever advances time. */
  #fromOutside(delayMillis: number, action: () => void): () => void {
    const cancel = this.#agenda.schedule(delayMillis, action)
    for (const listener of this.#outside) listener()
    return cancel
  }

  /** Runs everything that is due up to this time (epoch milliseconds). */
  advanceTo(millis: number): void {
    this.#agenda.advanceTo(millis)
  }

  /** When something is due next; null when nothing is. */
  nextDueMillis(): number | null {
    return this.#agenda.nextDueMillis()
  }

  /** Calls the listener when something was entered from outside a command, by a runtime's socket or timer. */
  onOutside(listener: () => void): () => void {
    this.#outside.add(listener)
    return () => void this.#outside.delete(listener)
  }

  /** What the rules and invariants are checked against. */
  get internals(): { readonly machine: Machine; readonly managers: Managers; readonly fleet: Fleet } {
    return { machine: this.#machine, managers: this.#managers, fleet: this.#fleet }
  }

  nowMillis = (): number => this.#agenda.nowMillis

  list = (kind: ObjectKind): ReadonlyArray<EngineJson> => {
    const { store } = this.#machine
    switch (kind) {
      case "node":
        return [...store.nodes.values()].map((record) => this.#viewNode(record))
      case "service":
        return [...store.services.values()].map(EngineView.service)
      case "task":
        return [...store.tasks.values()].map(EngineView.task)
      case "network":
        return [...store.networks.values()].map(EngineView.network)
      case "secret":
        return [...store.secrets.values()].map(EngineView.secret)
      case "config":
        return [...store.configs.values()].map(EngineView.config)
    }
  }

  get = (kind: ObjectKind, id: string): EngineJson | undefined => {
    const { store } = this.#machine
    const show = <A>(record: A | undefined, view: (record: A) => EngineJson): EngineJson | undefined =>
      record === undefined ? undefined : view(record)
    switch (kind) {
      case "node":
        return show(store.nodes.get(id), (record) => this.#viewNode(record))
      case "service":
        return show(store.services.get(id), EngineView.service)
      case "task":
        return show(store.tasks.get(id), EngineView.task)
      case "network":
        return show(store.networks.get(id), EngineView.network)
      case "secret":
        return show(store.secrets.get(id), EngineView.secret)
      case "config":
        return show(store.configs.get(id), EngineView.config)
    }
  }

  tasksOf = (serviceId: string): ReadonlyArray<EngineJson> =>
    this.#machine.store.tasksOfService(serviceId).map(EngineView.task)

  taskTexts = ({ desired, nodes, services }: TaskQuery): Iterable<string> => {
    const { store } = this.#machine
    const candidates =
      services.length > 0
        ? [...new Set(services)].flatMap((id) => store.tasksOfService(id))
        : nodes.length > 0
          ? [...new Set(nodes)].flatMap((id) => store.tasksOnNode(id)).toSorted((a, b) => a.sequence - b.sequence)
          : [...store.tasks.values()]
    const asked = candidates.filter(
      (task) =>
        (nodes.length === 0 || nodes.includes(task.nodeId)) && (desired.length === 0 || desired.includes(task.desired))
    )
    return Iterator.from(asked).map(TaskText.write)
  }

  taskStates = (serviceId: string): ReadonlyArray<TaskState> => this.#machine.store.tasksOfService(serviceId)

  #viewNode(record: NodeRecord): EngineJson {
    const { id } = record
    const manager = this.#managers.members.has(id)
      ? {
          leader: this.#managers.leader === id,
          reachability: this.#fleet.isUp(id) ? ("reachable" as const) : ("unreachable" as const)
        }
      : null
    return EngineView.node(record, manager)
  }

  createService = (spec: EngineJson): Outcome<string> => ServiceCommands.createService(this.#machine, spec)

  updateService = (
    id: string,
    version: bigint,
    spec: EngineJson,
    options: { readonly rollback: boolean }
  ): Outcome<null> => ServiceCommands.updateService(this.#machine, id, version, spec, options)

  removeService = (id: string): Outcome<null> => ServiceCommands.removeService(this.#machine, id)

  updateNode = (id: string, version: bigint, spec: EngineJson): Outcome<null> =>
    NodeCommands.updateNode(this.#machine, this.#managers, id, version, spec)

  removeNode = (id: string, force: boolean): Outcome<null> =>
    NodeCommands.removeNode(this.#machine, this.#managers, id, force)

  createNetwork = (spec: EngineJson): Outcome<string> =>
    ObjectCommands.createNetwork(this.#machine, this.#subnets, spec)

  removeNetwork = (id: string): Outcome<null> => ObjectCommands.removeNetwork(this.#machine, id)

  createSecret = (spec: EngineJson): Outcome<string> => ObjectCommands.createObject(this.#machine, "secret", spec)

  updateSecret = (id: string, version: bigint, spec: EngineJson): Outcome<null> =>
    ObjectCommands.updateObject(this.#machine, "secret", id, version, spec)

  removeSecret = (id: string): Outcome<null> => ObjectCommands.removeObject(this.#machine, "secret", id)

  createConfig = (spec: EngineJson): Outcome<string> => ObjectCommands.createObject(this.#machine, "config", spec)

  updateConfig = (id: string, version: bigint, spec: EngineJson): Outcome<null> =>
    ObjectCommands.updateObject(this.#machine, "config", id, version, spec)

  removeConfig = (id: string): Outcome<null> => ObjectCommands.removeObject(this.#machine, "config", id)

  updateSwarm = (version: bigint, spec: EngineJson): Outcome<null> =>
    NodeCommands.updateSwarm(this.#machine, version, spec)

  swarm = (): EngineJson => EngineView.cluster(this.#machine.store.cluster)

  subscribe = (listener: (event: SwarmEvent) => void): (() => void) => this.#events.subscribe(listener)

  recentEvents = (): ReadonlyArray<SwarmEvent> => this.#events.recent

  leader = (): string | null => this.#managers.leader

  isManager = (nodeId: string): boolean => this.#managers.members.has(nodeId)

  isReachable = (nodeId: string): boolean =>
    this.#fleet.isUp(nodeId) && (!this.#managers.members.has(nodeId) || this.#managers.hasQuorum)

  nodeCondition = (nodeId: string): NodeCondition => this.#fleet.engines.get(nodeId)?.condition ?? "crashed"

  fault = (fault: Fault): Outcome<null> => this.#faults.apply(fault, this.#fleet, this.#managers)

  onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  raftIndex = (): bigint => BigInt(this.#machine.store.version)

  /** The hostname of a node, gone or not; the id where it is unknown. */
  hostnameOf = (nodeId: string): string => {
    const record = this.#machine.store.nodes.get(nodeId)
    return record === undefined
      ? (this.#fleet.engines.get(nodeId)?.hostname ?? nodeId)
      : textAt(record.description, "Hostname")
  }
}

const subnetSource = (given: SwarmOptions["addressPool"]): ObjectCommands.SubnetSource => {
  const { bits, pool } = given ?? { pool: "10.0.0.0/8", bits: 24 }
  const parsed: Subnet | null = parseSubnet(pool)
  if (parsed === null) throw new RangeError(`address pool ${pool}: write it as 10.0.0.0/8`)
  return { pool: parsed, bits }
}
