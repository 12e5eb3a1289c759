/** The state of an embedded Swarm as a table. */
import type { SimNode, SimState } from "@evenkeel/swarm-sim/api/SimState"
import type * as Result from "../Result.ts"
import * as Table from "../Table.ts"

const columns: ReadonlyArray<Table.Column> = [
  { title: "NODE" },
  { title: "CONDITION" },
  { title: "MANAGER" },
  { title: "API" },
  { title: "ENDPOINT" }
]

const managerOf = (node: SimNode): string => (node.leader ? "leader" : node.manager ? "yes" : "-")

/** What is wrong with the node's API, `-` where nothing is. */
const apiOf = (node: SimNode): string =>
  [
    ...(node.latencyMillis > 0 ? [`late by ${node.latencyMillis} ms`] : []),
    ...(node.errorRate > 0 ? [`errors ${Math.round(node.errorRate * 100)} %`] : []),
    ...(node.dropsEvents ? ["drops events"] : [])
  ].join(", ") || "-"

export const render = (state: SimState, { paint }: Result.View): string => {
  const rows = state.nodes.map((node) => [
    node.hostname,
    node.condition === "up" ? node.condition : paint.red(node.condition),
    managerOf(node),
    apiOf(node),
    node.endpoint ?? "-"
  ])
  const pace = state.speed === 0 ? "clock moved by hand" : `speed ${state.speed}`
  return `${Table.render(columns, rows, paint)}\n${state.now}, ${pace}, seed ${state.seed}, runtime ${state.runtime}\n`
}
