/**
 * What the managers agree on: objects by id with one version counter, and indexes of tasks by service, slot and node. A change is
 * one transaction; all it writes bears one version (swarmkit `manager/state/store/memory.go`). Watchers hear of it at once,
 * after all of it is done. There is one store: followers that lag behind are not simulated.
 */
import type {
  ClusterRecord,
  ConfigRecord,
  NetworkRecord,
  NodeRecord,
  SecretRecord,
  ServiceRecord,
  StoredRecord,
  TaskRecord
} from "./Records.ts"

/** `before` is null for a new object, `after` for a removed one. */
export interface Change<A extends StoredRecord = StoredRecord> {
  readonly before: A | null
  readonly after: A | null
}

/** A draft while the store completes it. */
type Written = StoredRecord & { version: number; createdMillis: number; updatedMillis: number }

type Draft<A> = A extends StoredRecord ? Omit<A, "version" | "createdMillis" | "updatedMillis"> : never

/** Writes of one transaction. */
export interface Transaction {
  /**
   * Makes an object, or replaces the one of the same kind and id. The store takes the value over as it is: it must be one that was
   * made for this write, never a stored one.
   */
  readonly put: (record: Draft<StoredRecord> | StoredRecord) => void
  readonly remove: (record: StoredRecord) => void
}

/**
 * Ids of tasks by a key that seldom changes, so that a write of a task costs nothing here. Most slots have had one task only: a
 * single id stands for itself.
 */
class TaskIndex<K> {
  readonly #ids = new Map<K, string | Set<string>>()

  get isEmpty(): boolean {
    return this.#ids.size === 0
  }

  add(key: K, id: string): void {
    const found = this.#ids.get(key)
    if (found === undefined) this.#ids.set(key, id)
    else if (typeof found !== "string") found.add(id)
    else if (found !== id) this.#ids.set(key, new Set([found, id]))
  }

  remove(key: K, id: string): void {
    const found = this.#ids.get(key)
    if (found === id) this.#ids.delete(key)
    else if (typeof found === "object" && found.delete(id) && found.size === 0) this.#ids.delete(key)
  }

  of(key: K, tasks: ReadonlyMap<string, TaskRecord>): ReadonlyArray<TaskRecord> {
    const ids = this.#ids.get(key)
    if (ids === undefined) return []
    const found: Array<TaskRecord> = []
    for (const id of typeof ids === "string" ? [ids] : ids) {
      const task = tasks.get(id)
      if (task !== undefined) found.push(task)
    }
    return found
  }
}

export class Store {
  readonly nodes = new Map<string, NodeRecord>()
  readonly services = new Map<string, ServiceRecord>()
  readonly tasks = new Map<string, TaskRecord>()
  readonly networks = new Map<string, NetworkRecord>()
  readonly secrets = new Map<string, SecretRecord>()
  readonly configs = new Map<string, ConfigRecord>()
  readonly clusters = new Map<string, ClusterRecord>()
  readonly #tables = {
    node: this.nodes,
    service: this.services,
    task: this.tasks,
    network: this.networks,
    secret: this.secrets,
    config: this.configs,
    cluster: this.clusters
  } as const satisfies Record<StoredRecord["kind"], unknown>
  readonly #serviceByName = new Map<string, string>()
  readonly #tasksByService = new TaskIndex<string>()
  readonly #tasksBySlot = new Map<string, TaskIndex<number>>()
  readonly #tasksByNode = new TaskIndex<string>()
  readonly #watchers = new Set<(changes: ReadonlyArray<Change>) => void>()
  readonly #now: () => number
  #version: number
  #sequence = 0
  #isWriting = false

  constructor(nowMillis: () => number, firstVersion: number) {
    this.#now = nowMillis
    this.#version = firstVersion
  }

  get version(): number {
    return this.#version
  }

  /** The number of the next task in the order of creation. */
  nextSequence(): number {
    return this.#sequence++
  }

  serviceByName(name: string): ServiceRecord | undefined {
    const id = this.#serviceByName.get(name)
    return id === undefined ? undefined : this.services.get(id)
  }

  tasksOfService(id: string): ReadonlyArray<TaskRecord> {
    return this.#tasksByService.of(id, this.tasks)
  }

  tasksOfSlot(serviceId: string, slot: number): ReadonlyArray<TaskRecord> {
    return this.#tasksBySlot.get(serviceId)?.of(slot, this.tasks) ?? []
  }

  tasksOnNode(id: string): ReadonlyArray<TaskRecord> {
    return this.#tasksByNode.of(id, this.tasks)
  }

  get cluster(): ClusterRecord {
    const [cluster] = this.clusters.values()
    if (cluster === undefined) throw new Error("the Swarm has no cluster object yet")
    return cluster
  }

  /** Calls the watcher after each transaction that wrote something; answers how to end that. */
  watch(watcher: (changes: ReadonlyArray<Change>) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** One transaction. Watchers may not write during it; they enter what they want to do into the agenda. */
  update(write: (transaction: Transaction) => void): void {
    if (this.#isWriting) throw new Error("a transaction within a transaction")
    this.#isWriting = true
    const changes: Array<Change> = []
    const version = this.#version + 1
    try {
      write({
        put: (record) => changes.push(this.#put(record, version)),
        remove: (record) => {
          const removed = this.#remove(record)
          if (removed !== null) changes.push(removed)
        }
      })
    } finally {
      this.#isWriting = false
    }
    if (changes.length === 0) return
    this.#version = version
    for (const watcher of [...this.#watchers]) watcher(changes)
  }

  #put(draft: Draft<StoredRecord> | StoredRecord, version: number): Change {
    const updatedMillis = this.#now()
    const table = this.#tableOf(draft.kind)
    const before = table.get(draft.id) ?? null
    if (draft === before) throw new Error(`${draft.kind} ${draft.id} is written as it is: make another value of it`)
    // No copy: with 100,000 tasks that would be half of all that the collector has to do.
    const after = draft as Written
    after.version = version
    after.createdMillis = before?.createdMillis ?? updatedMillis
    after.updatedMillis = updatedMillis
    table.set(after.id, after)
    if (after.kind === "task") this.#indexTask(before as TaskRecord | null, after)
    if (after.kind === "service") this.#serviceByName.set(nameOf(after), after.id)
    return { before, after }
  }

  #remove(record: StoredRecord): Change | null {
    const table = this.#tableOf(record.kind)
    const before = table.get(record.id)
    if (before === undefined) return null
    table.delete(record.id)
    if (before.kind === "service") this.#serviceByName.delete(nameOf(before))
    if (before.kind === "task") this.#forgetTask(before)
    return { before, after: null }
  }

  #tableOf(kind: StoredRecord["kind"]): Map<string, StoredRecord> {
    return this.#tables[kind] as unknown as Map<string, StoredRecord>
  }

  /** A task never changes its service or slot, and gets its node once. */
  #indexTask(before: TaskRecord | null, task: TaskRecord): void {
    if (before === null) {
      this.#tasksByService.add(task.serviceId, task.id)
      const slots = this.#tasksBySlot.get(task.serviceId) ?? new TaskIndex<number>()
      this.#tasksBySlot.set(task.serviceId, slots)
      slots.add(task.slot, task.id)
    }
    if (before?.nodeId === task.nodeId || task.nodeId === "") return
    this.#tasksByNode.add(task.nodeId, task.id)
  }

  #forgetTask(task: TaskRecord): void {
    this.#tasksByService.remove(task.serviceId, task.id)
    const slots = this.#tasksBySlot.get(task.serviceId)
    slots?.remove(task.slot, task.id)
    if (slots?.isEmpty === true) this.#tasksBySlot.delete(task.serviceId)
    if (task.nodeId !== "") this.#tasksByNode.remove(task.nodeId, task.id)
  }
}

const nameOf = (service: ServiceRecord): string => String(service.spec["Name"])
