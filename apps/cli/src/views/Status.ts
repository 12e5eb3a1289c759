/**
 * The state of the Swarm as `evenkeel status` tells it: nodes, services and where their tasks are, how even that is, moves
 * under way. A value that is also the JSON document; what is wrong is `Problems`' business, how it looks `StatusTable`'s.
 */
import * as Balance from "@evenkeel/domain/Balance"
import * as MoveJournal from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { SnapshotReading } from "@evenkeel/swarm-client/Snapshots"
import * as NodeList from "./NodeList.ts"
import * as Problems from "./Problems.ts"

/** Tasks of something on one node. */
export interface Placed {
  readonly node: string
  readonly hostname: string
  readonly tasks: number
  /** Whether more of its tasks may be placed there. */
  readonly eligible: boolean
}

export interface ServiceStatus {
  readonly id: string
  readonly name: string
  readonly mode: string
  readonly group: string | null
  /** Replicas asked for; null where the number follows the nodes. */
  readonly asked: number | null
  readonly serving: number
  readonly placement: ReadonlyArray<Placed>
  /** Largest minus smallest number of tasks over the eligible nodes; null where that means nothing. */
  readonly skew: number | null
}

export interface GroupStatus {
  readonly group: string
  readonly services: number
  readonly serving: number
  readonly asked: number
  readonly placement: ReadonlyArray<Placed>
  readonly skew: number
}

export interface MoveStatus {
  readonly serviceName: string
  /** `leftover`: traces of a move whose journal is gone or cannot be read. */
  readonly kind: "pin" | "surge" | "empty" | "leftover"
  readonly operation: string | null
  readonly from: string | null
  readonly to: string | null
  readonly startedAt: string | null
  readonly deadline: string | null
}

export interface Status {
  readonly leader: string | null
  readonly quorum: boolean
  readonly readAt: string
  /** No group, service or set of nodes has a skew above 1. */
  readonly even: boolean
  readonly nodeSkew: number
  readonly nodes: ReadonlyArray<NodeList.NodeRow>
  readonly services: ReadonlyArray<ServiceStatus>
  readonly groups: ReadonlyArray<GroupStatus>
  readonly moves: ReadonlyArray<MoveStatus>
  readonly problems: ReadonlyArray<Problems.Problem>
}

export const of = (
  { snapshot, problems }: Pick<SnapshotReading, "snapshot" | "problems">,
  nowMillis: number
): Status => {
  const balance = Balance.of(snapshot)
  const summary = Balance.summarize(balance)
  const spreads = new Map(balance.services.map((spread) => [spread.service, spread]))
  const placedOf = ({ node, tasks, eligible }: Balance.NodeCount): Placed => ({
    node,
    hostname: snapshot.node(node)?.hostname ?? node,
    tasks,
    eligible
  })
  const services = snapshot.services
    .map((service): ServiceStatus => {
      const spread = spreads.get(service.id)
      return {
        id: service.id,
        name: service.name,
        mode: service.mode.kind,
        group: Balance.groupOf(service),
        asked: service.replicas,
        serving: servingOf(snapshot, service),
        placement: (spread?.counts ?? countsOf(snapshot, service)).map(placedOf),
        skew: spread?.skew ?? null
      }
    })
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))
  return {
    leader: snapshot.leader?.hostname ?? null,
    quorum: snapshot.hasQuorum,
    readAt: new Date(snapshot.readAtMillis).toISOString(),
    even: summary.unevenServices === 0 && summary.unevenGroups === 0 && summary.nodeSkew <= 1,
    nodeSkew: balance.nodeSkew,
    nodes: NodeList.of(snapshot),
    services,
    groups: balance.groups.map(({ counts, group, services: members, skew }) => {
      const ofGroup = services.filter(({ id }) => members.some((member) => member === id))
      return {
        group,
        services: ofGroup.length,
        serving: ofGroup.reduce((sum, { serving }) => sum + serving, 0),
        asked: ofGroup.reduce((sum, { asked }) => sum + (asked ?? 0), 0),
        placement: counts.map(placedOf),
        skew
      }
    }),
    moves: snapshot.services.filter(MoveProgress.isTouched).map((service) => moveOf(snapshot, service)),
    problems: Problems.of(snapshot, problems, nowMillis)
  }
}

const servingOf = (snapshot: Snapshot, service: Service): number =>
  snapshot.tasksOfService(service.id).filter((task) => task.isServing).length

/** Of services that are not spread: global ones and jobs. */
const countsOf = (snapshot: Snapshot, service: Service): ReadonlyArray<Balance.NodeCount> => {
  const tasks = snapshot.tasksOfService(service.id).filter(Balance.isPlaced)
  return snapshot.nodes.flatMap((node) => {
    const count = tasks.filter((task) => task.node === node.id).length
    return count === 0 ? [] : [{ node: node.id, tasks: count, eligible: node.isSchedulable }]
  })
}

/** The move that a touched service carries. */
export const moveOf = (snapshot: Snapshot, service: Service): MoveStatus => {
  const reading = MoveJournal.read(service.labels)
  if (reading._tag !== "Found")
    return {
      serviceName: service.name,
      kind: "leftover",
      operation: null,
      from: null,
      to: null,
      startedAt: null,
      deadline: null
    }
  const { _tag, deadlineMillis, from, operation, startedAtMillis, to } = reading.journal
  return {
    serviceName: service.name,
    kind: _tag,
    operation,
    from: snapshot.node(from)?.hostname ?? from,
    to: snapshot.node(to)?.hostname ?? to,
    startedAt: new Date(startedAtMillis).toISOString(),
    deadline: new Date(deadlineMillis).toISOString()
  }
}
