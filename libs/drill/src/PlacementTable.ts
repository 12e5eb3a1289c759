/** Where tasks run, as text: nodes against services, with the sums that show balance. Pure. */
import type * as Snapshot from "@evenkeel/domain/Snapshot"
import { renderRows } from "./TextTable.ts"

export interface Placement {
  readonly node: string
  readonly service: string
}

/** The tasks of a snapshot that are wanted and running, by hostname and service name. */
export const placementOf = (snapshot: Snapshot.Snapshot): ReadonlyArray<Placement> =>
  snapshot.tasks
    .filter((task) => task.isServing)
    .map((task) => ({
      node: (task.node === null ? undefined : snapshot.node(task.node)?.hostname) ?? task.node ?? "",
      service: snapshot.service(task.service)?.name ?? task.service
    }))

/** One row a node with its count of each service and its sum; nodes without tasks are shown if `nodes` names them. */
export const renderPlacement = (table: {
  readonly nodes: ReadonlyArray<string>
  readonly services: ReadonlyArray<string>
  readonly tasks: ReadonlyArray<Placement>
}): string => {
  const nodes = [...new Set([...table.nodes, ...table.tasks.map(({ node }) => node)])]
  const tasks = table.tasks.filter(({ service }) => table.services.includes(service))
  const count = (wanted: (task: Placement) => boolean): number => tasks.filter(wanted).length
  const cell = (value: number): string => (value === 0 ? "." : String(value))
  const rows = nodes.map((node) => [
    node,
    ...table.services.map((service) => cell(count((task) => task.node === node && task.service === service))),
    String(count((task) => task.node === node))
  ])
  const sums = ["all", ...table.services.map((service) => String(count((task) => task.service === service)))]
  return renderRows(
    [{ title: "node" }, ...[...table.services, "tasks"].map((title) => ({ title, align: "right" as const }))],
    [...rows, [...sums, String(tasks.length)]]
  )
}
