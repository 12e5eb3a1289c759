/** The nodes as a value and as a table. */
import * as Balance from "@evenkeel/domain/Balance"
import type { Node } from "@evenkeel/domain/Node"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { OutputChoice } from "../CommonOptions.ts"
import * as Result from "../Result.ts"
import * as Table from "../Table.ts"

export interface NodeRow {
  readonly id: string
  readonly hostname: string
  readonly role: string
  readonly state: string
  readonly availability: string
  readonly leader: boolean
  /** Of managers: the raft member's reachability as the leader sees it. */
  readonly reachability: string | null
  readonly address: string
  /** Tasks that run there or are on their way to. */
  readonly tasks: number
}

export const rowOf = (snapshot: Snapshot, node: Node): NodeRow => ({
  id: node.id,
  hostname: node.hostname,
  role: node.role,
  state: node.state,
  availability: node.availability,
  leader: node.manager?.leader === true,
  reachability: node.manager?.reachability ?? null,
  address: node.address,
  tasks: snapshot.tasksOnNode(node.id).filter(Balance.isPlaced).length
})

/** By hostname, then id. */
export const of = (snapshot: Snapshot): ReadonlyArray<NodeRow> =>
  snapshot.nodes
    .map((node) => rowOf(snapshot, node))
    .toSorted((a, b) => compare(a.hostname, b.hostname) || compare(a.id, b.id))

const compare = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true })

const columns: ReadonlyArray<Table.Column> = [
  { title: "NODE" },
  { title: "STATE" },
  { title: "AVAILABILITY" },
  { title: "MANAGER" },
  { title: "TASKS", align: "right" },
  { title: "ID" }
]

export const render = (rows: ReadonlyArray<NodeRow>, { paint }: Result.View): string =>
  Table.render(
    columns,
    rows.map((row) => [
      row.hostname,
      row.state === "ready" ? row.state : paint.red(row.state),
      row.availability === "active" ? row.availability : paint.yellow(row.availability),
      managerOf(row, paint),
      String(row.tasks),
      row.id
    ]),
    paint
  )

const managerOf = ({ leader, reachability }: NodeRow, paint: Result.View["paint"]): string => {
  if (leader) return "leader"
  if (reachability === null) return "-"
  return reachability === "reachable" ? reachability : paint.red(reachability)
}

/** Writes the rows as a command's result. */
export const show = (choice: OutputChoice, rows: ReadonlyArray<NodeRow>) =>
  Result.show(choice, "NodeList", { items: rows }, ({ items }, view) => render(items, view))
