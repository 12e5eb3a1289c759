/**
 * What the drill sees of the Swarm by itself: the Engine API's tasks and specs, and the containers with their start times on
 * every engine. Values and their comparison only; nothing here asks an engine, and nothing here knows a rebalancer.
 */

/** A container of a Swarm task as one node's engine lists it. */
export interface SeenContainer {
  readonly id: string
  readonly node: string
  readonly service: string
  readonly task: string
  /** RFC 3339, by the node's engine. */
  readonly startedAt: string
}

/** A task that Swarm wants to run, or that still runs. */
export interface SeenTask {
  readonly id: string
  readonly service: string
  readonly node: string
  readonly desired: string
  readonly state: string
}

/** A service's spec as text, and what a rollback would bring back. */
export interface SeenService {
  readonly name: string
  readonly specText: string
  readonly previousSpecText: string | null
}

/** Node name → number of its serving tasks of the services named. */
export type Placement = ReadonlyMap<string, number>

/** Services whose tasks are to be spread together: a group, or one service of several replicas. */
export interface Spread {
  readonly name: string
  readonly services: ReadonlySet<string>
}

/** Placements by the name of what is spread. */
export type Placements = ReadonlyMap<string, Placement>

export const placementsOf = (
  nodes: ReadonlyArray<string>,
  spreads: ReadonlyArray<Spread>,
  tasks: ReadonlyArray<SeenTask>
): Placements => new Map(spreads.map(({ name, services }) => [name, placementOf(nodes, services, tasks)]))

/** `vvm 2-2-2, trio 1-1-1`. */
export const formatPlacements = (placements: Placements): string =>
  [...placements].map(([name, placement]) => `${name} ${formatPlacement(placement)}`).join(", ")

export const areEven = (placements: Placements): boolean => placements.values().every(isEven)

/** Of all spreads together; each is moved for itself. */
export const fewestMovesOfAll = (placements: Placements): number =>
  placements.values().reduce((moves, placement) => moves + fewestMoves(placement), 0)

export const placementOf = (
  nodes: ReadonlyArray<string>,
  services: ReadonlySet<string>,
  tasks: ReadonlyArray<SeenTask>
): Placement => {
  const serving = tasks.filter(
    ({ service, desired, state }) => services.has(service) && desired === "running" && state === "running"
  )
  return new Map(nodes.map((node) => [node, serving.filter((task) => task.node === node).length]))
}

/** `2-2-2`, in the order of the nodes. */
export const formatPlacement = (placement: Placement): string => [...placement.values()].join("-")

export const isEven = (placement: Placement): boolean => {
  const counts = [...placement.values()]
  return Math.max(...counts) - Math.min(...counts) <= 1
}

/**
 * The fewest tasks that have to change node to spread `total` tasks evenly, whatever is done: what every node holds above the
 * even share has to leave, the larger shares going to the fullest nodes.
 */
export const fewestMoves = (placement: Placement): number => {
  const counts = [...placement.values()].toSorted((a, b) => b - a)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const share = Math.floor(total / counts.length)
  const larger = total % counts.length
  return counts.reduce((moves, count, i) => moves + Math.max(0, count - share - (i < larger ? 1 : 0)), 0)
}

/** What changed between two listings of containers. */
export interface ContainerChanges {
  readonly started: ReadonlyArray<SeenContainer>
  readonly ended: ReadonlyArray<SeenContainer>
  /** The same container with another start time: restarted in place. */
  readonly restarted: ReadonlyArray<SeenContainer>
}

export const compareContainers = (
  before: ReadonlyArray<SeenContainer>,
  after: ReadonlyArray<SeenContainer>
): ContainerChanges => {
  const earlier = new Map(before.map((container) => [container.id, container]))
  const later = new Map(after.map((container) => [container.id, container]))
  return {
    started: after.filter(({ id }) => !earlier.has(id)),
    ended: before.filter(({ id }) => !later.has(id)),
    restarted: after.filter(({ id, startedAt }) => {
      const seen = earlier.get(id)
      return seen !== undefined && seen.startedAt !== startedAt
    })
  }
}
