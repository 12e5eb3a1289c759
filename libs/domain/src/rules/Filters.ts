/**
 * Which nodes may take a new task of a service: SwarmKit's filters in SwarmKit's order, with its words for what they refuse
 * (swarmkit `manager/scheduler/filter.go`, `pipeline.go`). Each node is refused by the first filter that it fails. Which of the
 * eligible nodes is chosen is `NodeOrder`'s matter.
 */
import type { Node } from "../Node.ts"
import type { Service } from "../Service.ts"
import * as Constraint from "./Constraint.ts"
import { hostPortsOf, type NodeLoad, type NodeLoads } from "./NodeLoad.ts"

export type FilterName =
  "Ready" | "Resource" | "Plugin" | "Constraint" | "Platform" | "HostPort" | "MaxReplicas" | "Volumes"

interface Filter {
  readonly name: FilterName
  /** The check for one service, made once; null when the filter does not concern the service. */
  readonly forService: (service: Service) => ((load: NodeLoad) => boolean) | null
  readonly explain: (nodes: number) => string
  /** Whether it judges what is on the node now rather than the node itself. */
  readonly dependsOnLoad: boolean
}

const onNodes = (text: string) => (nodes: number) => `${text} on ${nodes} node${nodes === 1 ? "" : "s"}`

const ready: Filter = {
  name: "Ready",
  forService: () => (load) => load.node.isSchedulable,
  explain: (nodes) => `${nodes} node${nodes === 1 ? "" : "s"} not available for new tasks`,
  dependsOnLoad: false
}

const resource: Filter = {
  name: "Resource",
  forService: ({ reservations }) => {
    if (reservations.nanoCpus === 0 && reservations.memoryBytes === 0 && reservations.generic.length === 0) return null
    return ({ node, reserved }) =>
      reservations.nanoCpus <= node.resources.nanoCpus - reserved.nanoCpus &&
      reservations.memoryBytes <= node.resources.memoryBytes - reserved.memoryBytes &&
      reservations.generic.every(
        ({ kind, value }) => value <= genericOf(node.resources.generic, kind) - genericOf(reserved.generic, kind)
      )
  },
  explain: onNodes("insufficient resources"),
  dependsOnLoad: true
}

const genericOf = (resources: Node["resources"]["generic"], kind: string): number => {
  let sum = 0
  for (const item of resources) if (item.kind === kind) sum += item.value
  return sum
}

const plugin: Filter = {
  name: "Plugin",
  forService: ({ requiredPlugins }) => {
    // A log driver named none, and the local volume driver, need no plugin.
    const needed = requiredPlugins.filter(
      ({ type, name }) =>
        name !== "" && !(type === "Log" && name === "none") && !(type === "Volume" && name === "local")
    )
    return needed.length === 0 ? null : ({ node }) => needed.every((each) => hasPlugin(node, each))
  },
  explain: onNodes("missing plugin"),
  dependsOnLoad: false
}

/** A node that reports no plugins, or no log drivers, is not refused for lacking one: it has not told yet. */
const hasPlugin = ({ plugins }: Node, { type, name }: { readonly type: string; readonly name: string }): boolean =>
  plugins.length === 0 ||
  plugins.some((have) => have.type === type && (have.name === name || have.name === `${name}:latest`)) ||
  (type === "Log" && plugins.every((have) => have.type !== type))

const constraint: Filter = {
  name: "Constraint",
  forService: ({ placement }) => {
    if (placement.constraints.length === 0) return null
    const constraints = Constraint.parseAll(placement.constraints)
    return constraints === null ? null : ({ node }) => Constraint.nodeMatches(constraints, node)
  },
  explain: onNodes("scheduling constraints not satisfied"),
  dependsOnLoad: false
}

const architectureAliases: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" }
const normalArchitecture = (name: string): string => architectureAliases[name] ?? name

const platform: Filter = {
  name: "Platform",
  forService: ({ placement: { platforms } }) =>
    platforms.length === 0
      ? null
      : ({ node }) =>
          platforms.some(
            ({ os, architecture }) =>
              (os === "" || os === node.platform.os) &&
              (architecture === "" ||
                normalArchitecture(architecture) === normalArchitecture(node.platform.architecture))
          ),
  explain: onNodes("unsupported platform"),
  dependsOnLoad: false
}

const hostPort: Filter = {
  name: "HostPort",
  forService: (service) => {
    const ports = hostPortsOf(service)
    return ports.length === 0 ? null : (load) => ports.every((port) => !load.hostPorts.has(port))
  },
  explain: onNodes("host-mode port already in use"),
  dependsOnLoad: true
}

const maxReplicas: Filter = {
  name: "MaxReplicas",
  forService: ({ id, placement: { maxReplicasPerNode } }) =>
    maxReplicasPerNode === 0 ? null : (load) => (load.activeByService.get(id) ?? 0) < maxReplicasPerNode,
  explain: () => "max replicas per node limit exceed",
  dependsOnLoad: true
}

/** Where a CSI volume can be published is not known from outside: a service that mounts one is refused everywhere. */
const volumes: Filter = {
  name: "Volumes",
  forService: ({ mounts }) => (mounts.some(({ type }) => type === "cluster") ? () => false : null),
  explain: onNodes("cannot fulfill requested CSI volume mounts"),
  dependsOnLoad: false
}

/** In the order in which SwarmKit runs them. */
const filters: ReadonlyArray<Filter> = [ready, resource, plugin, constraint, platform, hostPort, maxReplicas, volumes]
const filterByName = new Map(filters.map((filter) => [filter.name, filter]))

/** The nodes that one filter refused, at least one. */
export interface Refusal {
  readonly filter: FilterName
  readonly nodes: ReadonlyArray<Node>
}

export interface Eligibility {
  readonly eligible: ReadonlyArray<NodeLoad>
  /** In the order of the filters. */
  readonly refused: ReadonlyArray<Refusal>
}

const checksFor = (service: Service) =>
  filters.flatMap(({ name, forService }) => {
    const passes = forService(service)
    return passes === null ? [] : [{ name, passes }]
  })

/** The first filter that refuses a node, or null. For one service, to be asked about many nodes; prepared when it first is. */
export const firstRefusal = (service: Service): ((load: NodeLoad) => FilterName | null) => {
  let checks: ReturnType<typeof checksFor> | undefined
  return (load) => (checks ??= checksFor(service)).find(({ passes }) => !passes(load))?.name ?? null
}

/** Sorts the nodes into those that may take one more task of the service now, and those that may not. */
export const eligibleNodes = (service: Service, loads: NodeLoads): Eligibility => {
  const refusalOf = firstRefusal(service)
  const eligible: Array<NodeLoad> = []
  const refused = new Map<FilterName, Array<Node>>()
  for (const load of loads.values()) {
    const filter = refusalOf(load)
    if (filter === null) eligible.push(load)
    else refused.set(filter, [...(refused.get(filter) ?? []), load.node])
  }
  return {
    eligible,
    refused: filters.flatMap(({ name }) => {
      const nodes = refused.get(name)
      return nodes === undefined ? [] : [{ filter: name, nodes }]
    })
  }
}

/**
 * Whether tasks of the service may be on the node at all, whatever else runs there: the filters that judge the node itself,
 * and its whole resources against one task's reservations. Balance is counted over these nodes.
 */
export const mayRun = (service: Service): ((node: Node) => boolean) => {
  const checks = filters.flatMap((filter) => {
    const passes = filter.dependsOnLoad && filter.name !== "Resource" ? null : filter.forService(service)
    return passes === null ? [] : [passes]
  })
  const empty = { activeTasks: 0, activeByService: new Map(), reserved: noResources, hostPorts: new Map() }
  return (node) => {
    const load: NodeLoad = { node, ...empty }
    return checks.every((passes) => passes(load))
  }
}

const noResources = { nanoCpus: 0, memoryBytes: 0, generic: [] } as const

/** SwarmKit's message for a task that no node may take: the filter that refused most nodes comes first. */
export const explain = (refused: ReadonlyArray<Refusal>): string => {
  const text = reasons(refused)
  return text === "" ? "no suitable node" : `no suitable node (${text})`
}

/** The reasons alone: all that SwarmKit says of a task of a global service, whose node is given. */
export const reasons = (refused: ReadonlyArray<Refusal>): string =>
  refused
    .toSorted((a, b) => b.nodes.length - a.nodes.length || filterRank(a.filter) - filterRank(b.filter))
    .map(({ filter, nodes }) => filterByName.get(filter)?.explain(nodes.length) ?? filter)
    .join("; ")

const filterRank = (name: FilterName): number => filters.findIndex((filter) => filter.name === name)
