/**
 * Measures what the rebalancer costs and how late it is, on an embedded Swarm of one size: at rest, and while services are scaled
 * down and up again. A change is a task whose desired state the Swarm has changed; it ends when the table that a feed client holds
 * sends it no more requests, and the other routers that follow the feed have that table too.
 */
import { setTimeout as sleep } from "node:timers/promises"
import * as Quantile from "../Quantile.ts"
import { LightRouters } from "../LightRouters.ts"
import { type EmbeddedSwarm, start as startSwarm } from "../sim/EmbeddedSwarm.ts"
import { fill, type Filled, running } from "../sim/Fill.ts"
import * as ProcessFigures from "../sim/ProcessFigures.ts"
import { type FeedWatch, follow } from "./FeedWatch.ts"
import { type Readings, type Rebalancer, start as startRebalancer } from "./Rebalancer.ts"

export interface Case {
  readonly nodes: number
  readonly tasks: number
  readonly changes: number
  /** Changes that are made together, so that a slow reading shows many of them. */
  readonly together: number
  /** That follow the feed besides the client, and decode nothing. */
  readonly routers: number
}

/** What the rebalancer's process did in a while. */
export interface Cost {
  readonly seconds: number
  /** Of one core. */
  readonly cpuShare: number
  readonly readings: Readings
  /** Between two readings, on average; null when there was none. */
  readonly intervalMillis: number | null
  /** The longest time in its last minute for which the event loop did not turn. */
  readonly eventLoopDelayMillis: number
}

export interface Measured extends Case {
  readonly services: number
  readonly fillSeconds: number
  /** From the rebalancer's start until a feed client holds all endpoints. */
  readonly firstTableSeconds: number
  readonly atRest: Cost
  readonly busy: Cost
  readonly memory: ProcessFigures.Memory
  readonly p50Millis: number
  readonly p99Millis: number
  readonly mostMillis: number
  /** Each change's delay, in order. */
  readonly delaysMillis: ReadonlyArray<number>
}

const restMillis = 20_000
const settleTimeoutMillis = 300_000
const changeTimeoutMillis = 60_000

/** Between two rounds of changes: of no fixed length, so that they come at any time between two readings. */
const pauseMillis = { from: 200, to: 1_500 } as const

/** Something did not come about. */
export class NotSettled extends Error {
  override readonly name = "NotSettled"
}

const eventually = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (const until = performance.now() + settleTimeoutMillis; performance.now() < until; await sleep(200))
    if (await isSo()) return
  throw new NotSettled(`${what}: not within ${settleTimeoutMillis / 1000} s`)
}

const costOf = async (rebalancer: Rebalancer, work: () => Promise<unknown>): Promise<Cost> => {
  const [began, cpu, before] = [
    performance.now(),
    ProcessFigures.cpuMillis(rebalancer.pid),
    await rebalancer.readings()
  ]
  await work()
  const after = await rebalancer.readings()
  const millis = performance.now() - began
  const readings = { read: after.read - before.read, failed: after.failed - before.failed }
  const made = readings.read + readings.failed
  return {
    seconds: millis / 1000,
    cpuShare: (ProcessFigures.cpuMillis(rebalancer.pid) - cpu) / millis,
    readings,
    intervalMillis: made === 0 ? null : millis / made,
    eventLoopDelayMillis: await rebalancer.eventLoopDelayMillis()
  }
}

interface Service {
  readonly Version: { readonly Index: number }
  readonly Spec: { readonly Mode: object }
}

interface Task {
  readonly ID: string
  readonly DesiredState: string
  readonly UpdatedAt: string
  readonly Status: { readonly State: string }
}

const scale = async (swarm: EmbeddedSwarm, id: string, replicas: number): Promise<void> => {
  const { Spec, Version } = (await swarm.json("GET", `/services/${id}`)) as Service
  const spec = { ...Spec, Mode: { Replicated: { Replicas: replicas } } }
  await swarm.call("POST", `/services/${id}/update?version=${Version.Index}`, spec)
}

const tasksOf = async (swarm: EmbeddedSwarm, service: string): Promise<ReadonlyArray<Task>> => {
  const filters = encodeURIComponent(JSON.stringify({ service: [service] }))
  return (await swarm.json("GET", `/tasks?filters=${filters}`)) as ReadonlyArray<Task>
}

interface Followers {
  readonly feed: FeedWatch
  readonly routers: LightRouters
}

/** Takes one replica from the service; returns by how many milliseconds the last of all who follow the feed was behind. */
const takeOne = async (swarm: EmbeddedSwarm, { feed, routers }: Followers, service: Filled): Promise<number> => {
  const before = new Set(
    (await tasksOf(swarm, service.id)).filter((t) => t.DesiredState === "running").map(({ ID }) => ID)
  )
  await scale(swarm, service.id, service.replicas - 1)
  for (const until = performance.now() + changeTimeoutMillis; performance.now() < until; await sleep(5)) {
    const victim = (await tasksOf(swarm, service.id)).find((t) => before.has(t.ID) && t.DesiredState !== "running")
    if (victim === undefined) continue
    const { atMillis, sequence } = await feed.without(service.id, victim.ID, changeTimeoutMillis)
    return Math.max(atMillis, await routers.allHave(sequence)) - Date.parse(victim.UpdatedAt)
  }
  throw new NotSettled(`service ${service.id} was scaled down and kept all its tasks`)
}

const makeChanges = async (
  { changes, together }: Case,
  swarm: EmbeddedSwarm,
  followers: Followers,
  services: ReadonlyArray<Filled>
): Promise<ReadonlyArray<number>> => {
  const scalable = services.filter(({ replicas }) => replicas > 1)
  const delays: Array<number> = []
  while (delays.length < changes) {
    const chosen = Array.from(
      { length: Math.min(together, changes - delays.length) },
      (_, i) => scalable[(delays.length + i) % scalable.length]
    ).filter((service) => service !== undefined)
    if (chosen.length === 0) throw new NotSettled("no service has a second replica to take")
    delays.push(...(await Promise.all([...new Set(chosen)].map((service) => takeOne(swarm, followers, service)))))
    for (const { id, replicas } of chosen) await scale(swarm, id, replicas)
    await sleep(pauseMillis.from + Math.random() * (pauseMillis.to - pauseMillis.from))
  }
  return delays
}

/** Starts Swarm, rebalancer and feed client of one size, measures, and ends them. */
export const measure = async (size: Case, say: (line: string) => void): Promise<Measured> => {
  const ends: Array<() => Promise<void>> = []
  try {
    const began = performance.now()
    const swarm = await startSwarm({ nodes: size.nodes, speed: 1 })
    ends.push(swarm.stop)
    const services = await fill(swarm, size.tasks)
    await eventually("all tasks running", async () => (await running(swarm)) >= size.tasks)
    const fillSeconds = (performance.now() - began) / 1000
    say(`${size.nodes} nodes, ${size.tasks} tasks: running after ${fillSeconds.toFixed(1)} s`)

    const beganRebalancer = performance.now()
    const rebalancer = await startRebalancer(swarm.managers[0] ?? "")
    ends.push(rebalancer.stop)
    const feed = follow(rebalancer.feedUrl)
    ends.push(feed.stop)
    await eventually("a feed client that holds all endpoints", () => feed.readyEndpoints() >= size.tasks)
    const firstTableSeconds = (performance.now() - beganRebalancer) / 1000
    say(`a feed client holds ${feed.readyEndpoints()} endpoints after ${firstTableSeconds.toFixed(1)} s`)
    const routers = new LightRouters(rebalancer.feedUrl, size.routers)
    ends.push(() => Promise.resolve(routers.stop()))
    await routers.allHave(1)

    const atRest = await costOf(rebalancer, () => sleep(restMillis))
    say(`at rest: ${(atRest.cpuShare * 100).toFixed(1)} % of a core`)
    let delaysMillis: ReadonlyArray<number> = []
    const busy = await costOf(rebalancer, async () => {
      delaysMillis = await makeChanges(size, swarm, { feed, routers }, services)
    })
    return {
      ...size,
      services: services.length,
      fillSeconds,
      firstTableSeconds,
      atRest,
      busy,
      memory: ProcessFigures.memory(rebalancer.pid),
      p50Millis: Quantile.of(delaysMillis, 0.5),
      p99Millis: Quantile.of(delaysMillis, 0.99),
      mostMillis: Quantile.of(delaysMillis, 1),
      delaysMillis
    }
  } finally {
    for (const end of ends.reverse()) await end()
  }
}
