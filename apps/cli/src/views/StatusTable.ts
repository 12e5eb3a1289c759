/** The status as text: a headline, nodes, services by node, moves, problems. Empty parts are left out. */
import type { View } from "../Result.ts"
import * as Table from "../Table.ts"
import * as NodeList from "./NodeList.ts"
import type { Placed, Status } from "./Status.ts"

/** More node columns than this are not read across; placement is written out instead. */
const mostNodeColumns = 12

export const render = (status: Status, view: View): string =>
  [
    headline(status, view),
    NodeList.render(status.nodes, view),
    status.services.length === 0 ? 'No services yet: "docker stack deploy" brings some.\n' : spreads(status, view),
    moves(status, view),
    problems(status, view)
  ]
    .filter((part) => part !== "")
    .join("\n")

const headline = ({ even, leader, nodes, problems, quorum }: Status, { paint }: View): string => {
  const ready = nodes.filter(({ state }) => state === "ready").length
  const parts = [
    `${ready} of ${nodes.length} nodes ready`,
    leader === null ? paint.red("no leader") : `leader ${leader}`,
    ...(quorum ? [] : [paint.red("no quorum")]),
    even ? paint.green("balanced") : `${paint.yellow("uneven")}: see evenkeel plan`,
    ...(problems.length === 0 ? [] : [paint.red(problems.length === 1 ? "1 problem" : `${problems.length} problems`)])
  ]
  return `${parts.join(", ")}\n`
}

interface Line {
  readonly name: string
  readonly tasks: string
  readonly placement: ReadonlyArray<Placed>
  readonly skew: number | null
}

/** Groups first, then services. */
const linesOf = ({ groups, services }: Status): ReadonlyArray<Line> => [
  ...groups.map(({ asked, group, placement, serving, skew }) => ({
    name: `group ${group}`,
    tasks: `${serving}/${asked}`,
    placement,
    skew
  })),
  ...services.map(({ asked, mode, name, placement, serving, skew }) => ({
    name,
    tasks: asked === null ? `${serving} ${mode}` : `${serving}/${asked}`,
    placement,
    skew
  }))
]

/** One column a node where that fits, else the placement in words. */
const spreads = (status: Status, view: View): string => {
  const lines = linesOf(status)
  const edges = (line: Line) => [line.name, line.tasks] as const
  const skewOf = ({ skew }: Line) => (skew === null ? "-" : skew > 1 ? view.paint.yellow(String(skew)) : String(skew))
  const head = [{ title: "SERVICE" }, { title: "TASKS", align: "right" as const }]
  const tail = { title: "SKEW", align: "right" as const }
  const byNode = [...head, ...status.nodes.map(({ hostname }) => ({ title: hostname, align: "right" as const })), tail]
  const countOn = (line: Line, node: string) => {
    const placed = line.placement.find((each) => each.node === node)
    return placed === undefined || (placed.tasks === 0 && !placed.eligible) ? "-" : String(placed.tasks)
  }
  const byNodeRows = lines.map((line) => [
    ...edges(line),
    ...status.nodes.map(({ id }) => countOn(line, id)),
    skewOf(line)
  ])
  if (status.nodes.length <= mostNodeColumns && Table.widthOfRows(byNode, byNodeRows) <= view.width)
    return Table.render(byNode, byNodeRows, view.paint)
  const inWords = ({ placement }: Line) => {
    const words = placement.filter(({ tasks }) => tasks > 0).map(({ hostname, tasks }) => `${hostname}:${tasks}`)
    return words.length === 0 ? "-" : words.join(" ")
  }
  return Table.render(
    [...head, tail, { title: "PLACEMENT" }],
    lines.map((line) => [...edges(line), skewOf(line), inWords(line)]),
    view.paint
  )
}

const moves = (status: Status, view: View): string =>
  status.moves.length === 0
    ? ""
    : Table.render(
        [{ title: "MOVE" }, { title: "BY" }, { title: "FROM" }, { title: "TO" }, { title: "SINCE" }],
        status.moves.map(({ from, kind, serviceName, startedAt, to }) => [
          serviceName,
          kind,
          from ?? "-",
          to ?? "-",
          startedAt ?? "-"
        ]),
        view.paint
      )

const problems = (status: Status, { paint }: View): string =>
  status.problems.length === 0
    ? ""
    : [
        `${paint.bold("PROBLEMS")}\n`,
        ...status.problems.map(
          ({ cure, problem, subject }) => `${paint.red(subject)}: ${problem}${cure === "" ? "" : `\n  try: ${cure}`}\n`
        )
      ].join("")
