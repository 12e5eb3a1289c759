/**
 * Measures one embedded Swarm whose clock is moved by hand: simulated seconds are read from its own timestamps, real ones are what
 * its process took for them.
 */
import { type EmbeddedSwarm, start } from "./EmbeddedSwarm.ts"
import { fill, running } from "./Fill.ts"
import * as ProcessFigures from "./ProcessFigures.ts"

export interface Size {
  readonly nodes: number
  readonly tasks: number
}

/** Something that takes simulated time. */
export interface Span {
  readonly simulatedSeconds: number
  readonly realSeconds: number
  /** Processor time of the Swarm's process. */
  readonly cpuSeconds: number
}

export interface Listing {
  readonly firstByteMillis: number
  readonly lastByteMillis: number
  readonly mebibytes: number
  /** The longest that another call (`/_ping`) had to wait meanwhile. */
  readonly longestPingMillis: number
}

export interface Measured extends Size {
  readonly services: number
  readonly startSeconds: number
  readonly creation: { readonly realSeconds: number }
  readonly allRunning: Span
  readonly listFirst: Listing
  readonly listAgain: Listing
  readonly nodeLoss: Span & { readonly tasksLost: number }
  readonly leaderChange: Span
  readonly memoryEmpty: ProcessFigures.Memory
  readonly memoryRunning: ProcessFigures.Memory
  readonly memoryListed: ProcessFigures.Memory
  readonly memoryEnd: ProcessFigures.Memory
}

const stepMillis = 500

/** A Swarm that has not come to rest by then never will; simulated. */
const longestMillis = 600_000

/** Did not come about within ten simulated minutes. */
export class NeverSettled extends Error {
  override readonly name = "NeverSettled"
}

interface State {
  readonly now: string
  readonly leader: string | null
  readonly nodes: ReadonlyArray<{ readonly id: string; readonly hostname: string; readonly leader: boolean }>
}

interface Task {
  readonly NodeID?: string
  readonly DesiredState: string
  readonly UpdatedAt: string
  readonly Status: { readonly State: string }
}

interface Node {
  readonly ID: string
  readonly UpdatedAt: string
  readonly Status: { readonly State: string }
}

const stateOf = async (swarm: EmbeddedSwarm): Promise<State> => (await swarm.json("GET", "/_sim/state")) as State

const advance = (swarm: EmbeddedSwarm, millis: number) => swarm.call("POST", "/_sim/advance", { millis })

/** Moves the clock until `settledAt` gives a time (epoch milliseconds); only the moving is timed. */
const until = async (
  swarm: EmbeddedSwarm,
  what: string,
  settledAt: () => Promise<number | null>,
  before: () => Promise<unknown> = () => Promise.resolve()
): Promise<Span> => {
  const beganMillis = Date.parse((await stateOf(swarm)).now)
  let [realMillis, cpuMillis] = [0, 0]
  const timed = async (run: () => Promise<unknown>) => {
    const [began, cpu] = [performance.now(), ProcessFigures.cpuMillis(swarm.pid)]
    await run()
    realMillis += performance.now() - began
    cpuMillis += ProcessFigures.cpuMillis(swarm.pid) - cpu
  }
  await timed(before)
  for (let passed = 0; passed < longestMillis; passed += stepMillis) {
    await timed(() => advance(swarm, stepMillis))
    const millis = await settledAt()
    if (millis !== null)
      return {
        simulatedSeconds: (millis - beganMillis) / 1000,
        realSeconds: realMillis / 1000,
        cpuSeconds: cpuMillis / 1000
      }
  }
  throw new NeverSettled(`${what}: not within ${longestMillis / 1000} simulated seconds`)
}

const latest = (times: Iterable<string>): number => {
  let last = 0
  for (const time of times) last = Math.max(last, Date.parse(time))
  return last
}

const listTasks = async (swarm: EmbeddedSwarm): Promise<Listing> => {
  let isOver = false
  let longestPingMillis = 0
  const pinging = async () => {
    while (!isOver) longestPingMillis = Math.max(longestPingMillis, (await swarm.call("GET", "/_ping")).lastByteMillis)
  }
  const listing = swarm.call("GET", "/tasks")
  const pings = pinging()
  const { bytes, firstByteMillis, lastByteMillis } = await listing
  isOver = true
  await pings
  return { firstByteMillis, lastByteMillis, mebibytes: bytes / 2 ** 20, longestPingMillis }
}

const tasksOf = async (swarm: EmbeddedSwarm, node?: string): Promise<ReadonlyArray<Task>> => {
  const filters = node === undefined ? "" : `?filters=${encodeURIComponent(JSON.stringify({ node: [node] }))}`
  return (await swarm.json("GET", `/tasks${filters}`)) as ReadonlyArray<Task>
}

const isServing = ({ DesiredState, Status }: Task): boolean => DesiredState === "running" && Status.State === "running"

/** Its last node, which is no manager unless all are. */
const loseNode = async (swarm: EmbeddedSwarm, tasks: number) => {
  const victim = (await stateOf(swarm)).nodes.findLast(({ leader }) => !leader)
  if (victim === undefined) throw new NeverSettled("a node's loss: the Swarm needs a second node")
  const tasksLost = (await tasksOf(swarm, victim.id)).filter(isServing).length
  const span = await until(
    swarm,
    `the loss of ${victim.hostname}`,
    async () => {
      const { Status } = (await swarm.json("GET", `/nodes/${victim.id}`)) as Node
      // Tasks of a node that is down still say that they run; those in their place run besides.
      if (Status.State !== "down" || (await running(swarm)) < tasks + tasksLost) return null
      return latest((await tasksOf(swarm)).filter(isServing).map(({ UpdatedAt }) => UpdatedAt))
    },
    () => swarm.call("POST", "/_sim/faults", { _tag: "crash", node: victim.hostname })
  )
  return { ...span, tasksLost }
}

/** Until another manager leads and every node but the lost one is known to be ready. */
const changeLeader = async (swarm: EmbeddedSwarm) => {
  const before = (await stateOf(swarm)).leader
  return until(
    swarm,
    "a change of the leader",
    async () => {
      const { leader } = await stateOf(swarm)
      if (leader === null || leader === before) return null
      const nodes = (await swarm.json("GET", "/nodes")) as ReadonlyArray<Node>
      if (nodes.some(({ Status }) => Status.State === "unknown")) return null
      return latest(nodes.map(({ UpdatedAt }) => UpdatedAt))
    },
    () => swarm.call("POST", "/_sim/faults", { _tag: "leader-change" })
  )
}

/** Starts a Swarm of the size, measures it, and ends it. */
export const measure = async (size: Size, say: (line: string) => void): Promise<Measured> => {
  const swarm = await start({ nodes: size.nodes, speed: 0 })
  try {
    const memoryEmpty = ProcessFigures.memory(swarm.pid)
    say(`${size.nodes} nodes: started`)
    const began = performance.now()
    const services = await fill(swarm, size.tasks)
    const creation = { realSeconds: (performance.now() - began) / 1000 }
    let memoryRunning = memoryEmpty
    let listFirst: Listing | null = null
    const allRunning = await until(swarm, "all tasks running", async () => {
      if ((await running(swarm)) < size.tasks) return null
      memoryRunning = ProcessFigures.memory(swarm.pid)
      listFirst = await listTasks(swarm)
      return latest((await tasksOf(swarm)).map(({ UpdatedAt }) => UpdatedAt))
    })
    say(`${size.tasks} tasks: running`)
    const listAgain = await listTasks(swarm)
    const memoryListed = ProcessFigures.memory(swarm.pid)
    const nodeLoss = await loseNode(swarm, size.tasks)
    say("a node's loss: restored")
    const leaderChange = await changeLeader(swarm)
    const memoryEnd = ProcessFigures.memory(swarm.pid)
    return {
      ...size,
      services: services.length,
      startSeconds: swarm.startedMillis / 1000,
      creation,
      allRunning,
      listFirst: listFirst ?? listAgain,
      listAgain,
      nodeLoss,
      leaderChange,
      memoryEmpty,
      memoryRunning,
      memoryListed,
      memoryEnd
    }
  } finally {
    await swarm.stop()
  }
}
