/**
 * Whose tasks are to be read next, in a Swarm with more of them than can be read each time. Swarm has no events of tasks, so
 * what changed is concluded: from a service's version, from the counts of its tasks, from what became of the nodes they are on,
 * from tasks on their way to another state. Those services come first, for a while; of the others some are read each time, those
 * that were not for the longest, so that nothing stays unseen whatever the conclusions were worth.
 *
 * It reads nothing itself and knows no clock.
 */
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import type { Task } from "@evenkeel/domain/Task"

/** How long a service is read each time after something about it has changed, in milliseconds. */
export const hotForMillis = 3_000

export interface Limits {
  /** Tasks of services about which something has changed, at most in one reading. */
  readonly hotTasks: number
  /** Tasks of services about which nothing has. */
  readonly restingTasks: number
}

interface Sight {
  readonly version: number
  /** Of its tasks, as they were last heard of. */
  readonly counts: string
  /** Tasks that it has, or will have. */
  readonly tasks: number
  /** Negative infinity: never. */
  readonly readAtMillis: number
  /** Whether something has changed that no reading has shown yet. */
  readonly isUnread: boolean
  readonly hotUntilMillis: number
  readonly isMoving: boolean
}

const unseen: Sight = {
  version: -1,
  counts: "",
  tasks: 1,
  readAtMillis: Number.NEGATIVE_INFINITY,
  isUnread: true,
  hotUntilMillis: Number.NEGATIVE_INFINITY,
  isMoving: false
}

/** The tasks a service asks for, in a Swarm of so many nodes; those that it had before come on top. */
export const tasksAsked = ({ mode, replicas }: Service, nodes: number): number =>
  mode.kind === "global" || mode.kind === "global-job" ? nodes : (replicas ?? 0)

export class TaskScope {
  #sights = new Map<ServiceId, Sight>()
  #nodeStates = new Map<string, string>()

  /**
   * Takes in what all services and nodes look like. `counts`: of each service's tasks, by its id, in whatever words; null where
   * they were not asked for. Services that are not there are forgotten.
   */
  observe(
    services: ReadonlyArray<Service>,
    counts: ReadonlyMap<string, string> | null,
    nodes: ReadonlyArray<Node>,
    tasksOn: (node: Node["id"]) => ReadonlyArray<Task>,
    nowMillis: number
  ): void {
    const sights = new Map<ServiceId, Sight>()
    for (const service of services) {
      const before = this.#sights.get(service.id) ?? unseen
      const { version } = service
      const counted = counts?.get(service.id) ?? before.counts
      const isSame = before.version === version && (before.counts === counted || before.counts === "")
      sights.set(service.id, {
        ...before,
        version,
        counts: counted,
        ...(isSame
          ? {}
          : {
              tasks: Math.max(before.tasks, tasksAsked(service, nodes.length)),
              isUnread: true,
              hotUntilMillis: nowMillis + hotForMillis
            })
      })
    }
    this.#sights = sights
    // A new leader calls all nodes unknown for a while: that says nothing of their tasks.
    const states = new Map(
      nodes.map(({ availability, id, state }) => [
        id as string,
        `${state === "unknown" ? "ready" : state} ${availability}`
      ])
    )
    for (const node of nodes)
      if (this.#nodeStates.has(node.id) && this.#nodeStates.get(node.id) !== states.get(node.id))
        for (const { service } of tasksOn(node.id)) this.note(service, nowMillis)
    this.#nodeStates = states
  }

  /** Something about the service has changed, in whatever way that became known. One that is not known yet is passed over. */
  note(service: ServiceId, nowMillis: number): void {
    const sight = this.#sights.get(service)
    if (sight !== undefined)
      this.#sights.set(service, { ...sight, isUnread: true, hotUntilMillis: nowMillis + hotForMillis })
  }

  /** Takes in the tasks that a service has. `isMoving`: whether one is on its way to another state. */
  took(service: ServiceId, tasks: number, isMoving: boolean, nowMillis: number): void {
    const sight = this.#sights.get(service)
    if (sight !== undefined)
      this.#sights.set(service, {
        ...sight,
        tasks: Math.max(1, tasks),
        isMoving,
        isUnread: false,
        readAtMillis: nowMillis
      })
  }

  /** Services about which something has changed: those first that show it not yet, then those not read for the longest. */
  hot(nowMillis: number, limits: Limits): ReadonlyArray<ServiceId> {
    const wanted = [...this.#sights].filter(
      ([, { hotUntilMillis, isMoving, isUnread }]) => isUnread || isMoving || hotUntilMillis > nowMillis
    )
    const byUrgency = wanted.sort(
      ([, a], [, b]) => Number(b.isUnread) - Number(a.isUnread) || a.readAtMillis - b.readAtMillis
    )
    return this.#upTo(byUrgency, limits.hotTasks)
  }

  isHot(nowMillis: number): boolean {
    for (const { hotUntilMillis, isMoving, isUnread } of this.#sights.values())
      if (isUnread || isMoving || hotUntilMillis > nowMillis) return true
    return false
  }

  /** All that must be read before a first snapshot can be made. */
  neverRead(): ReadonlyArray<ServiceId> {
    return [...this.#sights].filter(([, { readAtMillis }]) => readAtMillis === unseen.readAtMillis).map(([id]) => id)
  }

  /** What is read in one reading. */
  due(nowMillis: number, limits: Limits): ReadonlyArray<ServiceId> {
    const hot = this.hot(nowMillis, limits)
    const taken = new Set(hot)
    const resting = [...this.#sights]
      .filter(([id, { isUnread }]) => !isUnread && !taken.has(id))
      .sort(([, a], [, b]) => a.readAtMillis - b.readAtMillis)
    return [...hot, ...this.#upTo(resting, limits.restingTasks)]
  }

  /** In portions of so many tasks and services at most; a service with more tasks is one alone. */
  portions(ids: ReadonlyArray<ServiceId>, limits: { readonly tasks: number; readonly services: number }) {
    const portions: Array<Array<ServiceId>> = []
    let portion: Array<ServiceId> = []
    let tasks = 0
    for (const id of ids) {
      const size = this.#sights.get(id)?.tasks ?? 1
      if (portion.length > 0 && (tasks + size > limits.tasks || portion.length >= limits.services)) {
        portions.push(portion)
        portion = []
        tasks = 0
      }
      portion.push(id)
      tasks += size
    }
    return portion.length === 0 ? portions : [...portions, portion]
  }

  /** At least one, so that a service with more tasks than the limit has its turn. */
  #upTo(sights: ReadonlyArray<readonly [ServiceId, Sight]>, tasks: number): ReadonlyArray<ServiceId> {
    const taken: Array<ServiceId> = []
    let sum = 0
    for (const [id, sight] of sights) {
      if (tasks === 0 || (taken.length > 0 && sum + sight.tasks > tasks)) break
      taken.push(id)
      sum += sight.tasks
    }
    return taken
  }
}
