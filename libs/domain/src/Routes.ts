/**
 * Makes the routing table from a snapshot: which services are routable, at which addresses their tasks answer, and which
 * host and path leads to which of them (`RouteClaims`). A fault of one service never takes another out of the table.
 */
import type { NetworkId, NodeId, ServiceId } from "./Ids.ts"
import { defaultLoadBalancing } from "./LoadBalancing.ts"
import { type Claimant, routesOf } from "./RouteClaims.ts"
import { Endpoint, RoutedService, RouteProblem, RouterPeer, RoutingTable } from "./RoutingTable.ts"
import * as Labels from "./ServiceLabels.ts"
import type { Service } from "./Service.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { Task } from "./Task.ts"
import { defaultTimeouts } from "./Timeouts.ts"

/** Requests to a group of one-replica services wait this long for a service without a task. */
const defaultGroupHoldMillis = 60_000
const defaultRetries = 2

interface Candidate extends Claimant {
  readonly port: number
}

/** The routing table of a snapshot. Pure: equal snapshots give equal tables. */
export const fromSnapshot = (snapshot: Snapshot): RoutingTable => {
  const problems: Array<RouteProblem> = []
  const report = (service: Service, problem: string) =>
    problems.push(new RouteProblem({ service: service.id, name: service.name, problem }))

  const candidates: Array<Candidate> = []
  const routerServices: Array<Service> = []
  for (const service of snapshot.services) {
    const { labels, problems: labelProblems } = labelsOf(service)
    for (const { label, text, expected } of labelProblems) report(service, `label ${label}=${text}: ${expected}`)
    if (labels.role === "router") routerServices.push(service)
    if (labels.port !== undefined) candidates.push({ service, labels, port: labels.port })
  }
  const byAge = candidates.toSorted(
    (a, b) => compare(a.service.createdAt, b.service.createdAt) || compare(a.service.id, b.service.id)
  )
  const routerNetworks = new Set(routerServices.flatMap((service) => service.networks))

  const circumstances: Circumstances = {
    groupsOfSingles: groupsOfSingles(candidates),
    downNodes: snapshot.nodes
      .filter(({ state }) => state === "down")
      .map(({ id }) => id)
      .join(" ")
  }
  const routed = new Map<ServiceId, RoutedService>()
  for (const candidate of byAge) {
    const network = chooseNetwork(snapshot, candidate, routerNetworks)
    if (typeof network === "object") report(candidate.service, network.problem)
    else routed.set(candidate.service.id, routedService(snapshot, candidate, network, circumstances))
  }
  const routable = byAge.filter(({ service }) => routed.has(service.id))
  const routes = routesOf(routable, routed, report)
  return new RoutingTable({
    services: [...routed.values()].toSorted((a, b) => compare(a.id, b.id)),
    routes: routes.toSorted((a, b) => compare(a.host, b.host) || compare(a.path, b.path)),
    routers: routerServices.flatMap((service) => routerPeers(snapshot, service)),
    problems: problems.toSorted((a, b) => compare(a.name, b.name) || compare(a.problem, b.problem))
  })
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The network by label, else the one shared with the router, else the service's only one. */
const chooseNetwork = (
  snapshot: Snapshot,
  { service, labels }: Candidate,
  routerNetworks: ReadonlySet<NetworkId>
): NetworkId | { readonly problem: string } => {
  const attached = snapshot.networks.filter((network) => !network.ingress && service.networks.includes(network.id))
  if (labels.network !== undefined) {
    const named = attached.find(
      ({ name }) => name === labels.network || name === `${service.stack ?? ""}_${labels.network}`
    )
    return named?.id ?? { problem: `label evenkeel.network=${labels.network}: the service is not on that network` }
  }
  const shared = routerNetworks.size === 0 ? attached : attached.filter(({ id }) => routerNetworks.has(id))
  const [only, second] = shared
  if (only === undefined)
    return { problem: "shares no network with the router: put both on one, or name it by evenkeel.network" }
  if (second !== undefined)
    return {
      problem: `shares the networks ${shared.map(({ name }) => name).join(", ")} with the router: name one by evenkeel.network`
    }
  return only.id
}

/** What a routed service is made of besides the service, its tasks and its network. */
interface Circumstances {
  readonly groupsOfSingles: ReadonlySet<string>
  /** Ids, joined. */
  readonly downNodes: string
}

const groupsOfSingles = (candidates: ReadonlyArray<Candidate>): ReadonlySet<string> => {
  const [singles, others] = [new Set<string>(), new Set<string>()]
  for (const { labels, service } of candidates)
    if (labels.group !== undefined) (service.replicas === 1 ? singles : others).add(labels.group)
  return singles.difference(others)
}

const decodedLabels = new WeakMap<Service, ReturnType<typeof Labels.decode>>()

const labelsOf = (service: Service): ReturnType<typeof Labels.decode> => {
  const known = decodedLabels.get(service)
  if (known !== undefined) return known
  const decoded = Labels.decode(service.labels)
  decodedLabels.set(service, decoded)
  return decoded
}

interface Made {
  readonly tasks: ReadonlyArray<Task>
  readonly network: NetworkId
  readonly circumstances: string
  readonly routed: RoutedService
}

const routedServices = new WeakMap<Service, Made>()

/** The same value as long as all that it is made of is the same: few of thousands change from one table to the next. */
const routedService = (
  snapshot: Snapshot,
  candidate: Candidate,
  network: NetworkId,
  { downNodes, groupsOfSingles }: Circumstances
): RoutedService => {
  const { labels, service } = candidate
  const tasks = snapshot.tasksOfService(service.id)
  const isOfSingles = labels.group !== undefined && groupsOfSingles.has(labels.group)
  const circumstances = `${isOfSingles} ${downNodes}`
  const made = routedServices.get(service)
  if (made?.tasks === tasks && made.network === network && made.circumstances === circumstances) return made.routed
  const routed = makeRoutedService(snapshot, candidate, network, isOfSingles)
  routedServices.set(service, { tasks, network, circumstances, routed })
  return routed
}

const makeRoutedService = (
  snapshot: Snapshot,
  { service, labels, port }: Candidate,
  network: NetworkId,
  isGroupOfSingles: boolean
): RoutedService => {
  const group = labels.group ?? null
  const isOnDownNode = (task: Task) => task.node !== null && snapshot.node(task.node)?.state === "down"
  const endpoints = snapshot
    .tasksOfService(service.id)
    .filter((task) => (task.isServing || task.isDraining) && !isOnDownNode(task))
    .flatMap((task) => {
      const attachment = task.addresses.find((address) => address.network === network)
      if (attachment === undefined || task.node === null) return []
      return [endpointOf(task, task.node, attachment.address, port)]
    })
  return new RoutedService({
    id: service.id,
    name: service.name,
    group,
    scheme: labels.scheme ?? "http",
    verifyName: labels.scheme !== "https" || labels.verify === "off" ? null : (labels.verify ?? service.name),
    loadBalancing: labels.lb ?? defaultLoadBalancing,
    retries: labels.retry ?? defaultRetries,
    timeouts: labels.timeout ?? defaultTimeouts,
    holdMillis: labels.hold ?? (isGroupOfSingles ? defaultGroupHoldMillis : 0),
    health: labels.health ?? null,
    hedgeAfter: labels.hedge ?? null,
    endpoints
  })
}

const endpoints = new WeakMap<Task, Endpoint>()

/** The same value as long as the task is: of thousands few have changed since the last table. */
const endpointOf = (task: Task, node: NodeId, address: string, port: number): Endpoint => {
  const known = endpoints.get(task)
  if (known !== undefined && known.address === address && known.port === port) return known
  const state = task.isServing ? ("ready" as const) : ("draining" as const)
  const made = new Endpoint({ task: task.id, node, slot: task.slot, address, port, state })
  endpoints.set(task, made)
  return made
}

const routerPeers = (snapshot: Snapshot, service: Service): ReadonlyArray<RouterPeer> =>
  snapshot.tasksOfService(service.id).flatMap((task) => {
    const overlays = new Set(snapshot.networks.filter((network) => !network.ingress).map(({ id }) => id))
    const attachment = task.addresses.find(({ network }) => overlays.has(network))
    return task.isServing && task.node !== null && attachment !== undefined
      ? [new RouterPeer({ node: task.node, address: attachment.address })]
      : []
  })
