/**
 * The story of a run: its phases, its events, and what is known of it when it has ended. Events follow from comparing two
 * observations. Pure.
 */
import { isWorkload, type Observation, type ObservedTask } from "./Observation.ts"

/** In this order; a run of Swarm alone ends with `returned`. */
export const phases = ["starting", "steady", "lost", "restored", "returned", "moving", "balanced"] as const
export type Phase = (typeof phases)[number]

export const phaseTitles: Readonly<Record<Phase, string>> = {
  starting: "starting",
  steady: "steady state",
  lost: "node lost",
  restored: "Swarm has restored",
  returned: "node is back",
  moving: "Evenkeel moves",
  balanced: "balanced"
}

/**
 * `mesh`: neither routers nor rebalancers, and a model of Swarm's own way to tasks; `alone`: Evenkeel's routers, and rebalancers that
 * only observe, so that nothing is moved; `evenkeel`: they act.
 */
export type RunKind = "mesh" | "alone" | "evenkeel"

export const runTitles: Readonly<Record<RunKind, string>> = {
  mesh: "Swarm's mesh (model)",
  alone: "Swarm alone",
  evenkeel: "Swarm with Evenkeel"
}

export interface StoryEvent {
  readonly run: RunKind
  readonly phase: Phase
  /** Simulated seconds since the run's Swarm began. */
  readonly atSeconds: number
  readonly text: string
}

/** What a run came to. */
export interface RunResult {
  readonly run: RunKind
  /** The phases it went through. */
  readonly phases: ReadonlyArray<Phase>
  /** Tasks of the workload by node, in the order of the nodes: before the loss, restored without the node, at the end. */
  readonly placement: {
    readonly steady: ReadonlyArray<number>
    readonly restored: ReadonlyArray<number>
    readonly end: ReadonlyArray<number>
  }
  /** The same of the group `vvm` and of the service `trio` at the end. */
  readonly groupAtEnd: ReadonlyArray<number>
  readonly trioAtEnd: ReadonlyArray<number>
  /** Simulated seconds from the fault until every replica served again; null: never. */
  readonly secondsToRestore: number | null
  /** Simulated seconds from the node's return until the tasks were even again; null: never. */
  readonly secondsToBalance: number | null
  /** Tasks of the workload that Swarm started anew because of the loss. */
  readonly replaced: number
  /** Tasks of the workload that were started anew after the node was back. */
  readonly moved: number
  readonly requests: Requests
}

/** Of SSE and WebSocket clients together, which open again what is gone. */
export interface Streams {
  readonly opened: number
  /** Cut, silent, or refused when they were opened, the lost node's entry included. */
  readonly broken: number
  /** The longest that a client was without its stream, in milliseconds of the clock. */
  readonly longestAwayMs: number
  /** Not open again at the end. */
  readonly stillAway: number
}

/** As the generator measured them. */
export interface Requests {
  readonly streams: Streams
  readonly sent: number
  readonly ok: number
  /** Could have been repeated elsewhere by whoever carried them, and came to nothing. */
  readonly lost: number
  /** Cannot be repeated by anybody but the client (POST, half an answer), and failed. */
  readonly cut: number
  /** Failed on a connection to the entry of the lost node itself. */
  readonly onLostNode: number
  readonly notSent: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
  /** The first of the lost ones, for whoever wants to know why. */
  readonly lostSamples: ReadonlyArray<string>
}

const place = ({ service, slot }: ObservedTask): string => (service === "trio" ? `trio.${slot}` : service)
const key = ({ node, service, slot }: ObservedTask): string =>
  slot === 0 ? `${service}@${node}` : `${service}.${slot}`
const serving = ({ tasks }: Observation): ReadonlyMap<string, ObservedTask> =>
  new Map(tasks.filter(({ isServing }) => isServing).map((task) => [key(task), task]))

/** What has changed, as sentences. */
export const changes = (before: Observation, after: Observation): ReadonlyArray<string> => {
  const nodes = after.nodes.flatMap(({ hostname, isLeader, state }) => {
    const known = before.nodes.find((node) => node.hostname === hostname)
    const said = known?.state !== undefined && known.state !== state ? [`Swarm says that ${hostname} is ${state}`] : []
    return isLeader && known?.isLeader === false ? [...said, `${hostname} leads the managers now`] : said
  })
  const begun = after.moving
    .filter((service) => !before.moving.includes(service))
    .map((service) => `Evenkeel moves a task of ${service}`)
  const served = serving(before)
  const tasks = [...serving(after)].flatMap(([slot, task]) => {
    const known = served.get(slot)
    if (known?.id === task.id) return []
    if (!isWorkload(task)) return [`the ${task.service} of ${task.node} is ready`]
    const from = before.tasks.findLast((each) => key(each) === slot && each.id !== task.id && each.node !== "")?.node
    return [
      `${place(task)} serves on ${task.node}${from === undefined || from === task.node ? "" : `, was on ${from}`}`
    ]
  })
  return [...nodes, ...begun, ...tasks]
}

/** Tasks of the workload that serve now and did not in `earlier`. */
export const newTasks = (earlier: Observation, now: Observation): number => {
  const known = new Set(earlier.tasks.map(({ id }) => id))
  return now.tasks.filter((task) => isWorkload(task) && task.isServing && !known.has(task.id)).length
}

/** Whether no node has more of them than another by more than one. */
export const isEven = (counts: ReadonlyArray<number>): boolean => Math.max(...counts) - Math.min(...counts) <= 1
