/** A scene as lines of a terminal: nodes as columns with their tasks, figures, and what happens now. Pure. */
import { isWorkload, type ObservedTask } from "./Observation.ts"
import type { Scene } from "./Scene.ts"
import { phases, phaseTitles, runTitles, type StoryEvent } from "./Story.ts"

/** Puts color on text, or leaves it. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly busy: (text: string) => string
}

const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`
const same = (text: string): string => text

export const plain: Paint = { bold: same, dim: same, good: same, bad: same, busy: same }
export const colored: Paint = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  bad: sgr(31, 39),
  busy: sgr(33, 39)
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Cut to a width, then padded to it, then painted: escape sequences have no width. */
const cell = (text: string, width: number, paint: (text: string) => string): string => {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
  return paint(cut) + " ".repeat(width - cut.length)
}

const nameOf = ({ service, slot }: ObservedTask): string => (service === "trio" ? `trio.${slot}` : service)

const column = ({ lost, observation }: Scene, hostname: string, paint: Paint) => {
  const node = observation.nodes.find((each) => each.hostname === hostname)
  const isLost = lost.has(hostname)
  const word = isLost ? (node?.state === "down" ? "lost, down" : "lost") : (node?.state ?? "unknown")
  const tasks = observation.tasks.filter((task) => task.node === hostname)
  const lines = tasks
    .filter((task) => isWorkload(task) && (task.isServing || task.isStarting || task.isStopping))
    .map((task) => {
      if (isLost) return { text: `x ${nameOf(task)}`, paint: paint.bad }
      if (task.isServing) return { text: `* ${nameOf(task)}`, paint: paint.good }
      return { text: `${task.isStarting ? "+" : "-"} ${nameOf(task)}`, paint: paint.busy }
    })
  const serving = isLost ? 0 : tasks.filter((task) => isWorkload(task) && task.isServing).length
  const programs = tasks.filter((task) => !isWorkload(task) && task.isServing && !isLost).map(({ service }) => service)
  return {
    head: {
      text: `${hostname} ${word}${node?.isLeader === true ? ", leads" : ""}`,
      paint: isLost ? paint.bad : paint.bold
    },
    lines: [...lines, { text: `${serving} tasks`, paint: paint.dim }],
    foot: { text: programs.join(" ") || "no router", paint: paint.dim }
  }
}

const columnsOf = (scene: Scene, width: number, paint: Paint): ReadonlyArray<string> => {
  const columns = scene.observation.nodes.map(({ hostname }) => column(scene, hostname, paint))
  if (columns.length === 0) return ["The embedded Swarm starts …"]
  const each = Math.max(1, Math.floor((width - 2 * (columns.length - 1)) / columns.length))
  const height = Math.max(8, ...columns.map(({ lines }) => lines.length))
  const row = (
    pick: (one: (typeof columns)[number]) => { text: string; paint: (text: string) => string } | undefined
  ) =>
    columns
      .map((one) => {
        const { paint: with_, text } = pick(one) ?? { text: "", paint: same }
        return cell(text, each, with_)
      })
      .join("  ")
  return [
    row(({ head }) => head),
    row(() => ({ text: "-".repeat(each), paint: paint.dim })),
    ...Array.from({ length: height }, (_, i) => row(({ lines }) => lines[i])),
    row(({ foot }) => foot)
  ]
}

const millis = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`

const figures = ({ load }: Scene): string =>
  [
    `${load.requestsPerS.toFixed(0)} requests/s`,
    `${load.sent} sent`,
    `${load.lost} lost`,
    `${load.cut} cut`,
    `${load.onLostNode} failed at the lost node`,
    `latency p50 ${millis(load.p50Ms)}, p99 ${millis(load.p99Ms)}`
  ].join(", ")

const steps = ({ phase, run }: Scene): string =>
  phases
    .filter((each) => run === "evenkeel" || (each !== "moving" && each !== "balanced"))
    .map((each) => (each === phase ? `[${phaseTitles[each]}]` : phaseTitles[each]))
    .join(" > ")

/** One line for where there is no terminal. */
export const eventLine = ({ atSeconds, run, text }: StoryEvent): string =>
  `${`${atSeconds.toFixed(1)}s`.padStart(8)}  ${runTitles[run]}: ${text}`

/** Breaks at spaces; words that are longer than the width are cut. */
const wrapped = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(/ +/)) {
    const longer = line === "" ? word : `${line} ${word}`
    if (longer.length <= width || line === "") line = longer.slice(0, width)
    else {
      lines.push(line)
      line = word.slice(0, width)
    }
  }
  return [...lines, line]
}

/** No line is wider than the terminal, and there are no more of them than it has rows. */
export const render = (scene: Scene, { columns, rows }: Size, paint: Paint): ReadonlyArray<string> => {
  const width = Math.max(20, columns - 1)
  const head = [
    paint.bold(
      cell(
        `Evenkeel demo: ${runTitles[scene.run]}, ${scene.atSeconds.toFixed(0)} simulated s, ${scene.speed} times as fast as the clock`,
        width,
        same
      ).trimEnd()
    ),
    ...wrapped(steps(scene), width),
    ""
  ]
  const body = [...columnsOf(scene, width, paint), "", ...wrapped(figures(scene), width), ""]
  const left = rows - 1 - head.length - body.length
  const events = left <= 0 ? [] : scene.events.slice(-left)
  const told = events.map((event) =>
    cell(`${`${event.atSeconds.toFixed(1)}s`.padStart(8)}  ${event.text}`, width, same).trimEnd()
  )
  return [...head, ...body, ...told].slice(0, Math.max(1, rows - 1))
}
