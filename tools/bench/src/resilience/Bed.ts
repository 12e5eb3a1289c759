/**
 * What every scenario stands on: a router from its deployed bundle, a feed that tells it whatever table is wanted, and
 * processes and servers that are all ended afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { type ScriptedFeed, startFeed } from "../router/ScriptedFeed.ts"
import { type ServiceAt, tableOf } from "../router/Tables.ts"
import { RouterProcess } from "./RouterProcess.ts"
import type { Task } from "./Task.ts"

export interface Replica {
  readonly task: Pick<Task, "name" | "node" | "host" | "port">
  readonly state: "ready" | "draining"
}

export class Bed {
  /** The router's main.mjs. */
  private readonly path: string
  private feed: ScriptedFeed
  private readonly routers: Array<RouterProcess> = []
  private services: ReadonlyArray<ServiceAt> = []
  private others: ReadonlyArray<ServiceAt> = []
  private instance = 1
  private readonly endings: Array<() => Promise<void> | void> = []

  private constructor(path: string, feed: ScriptedFeed) {
    this.path = path
    this.feed = feed
  }

  /** Starts a router of this bundle; it is ready when its first table is there. Throws `Missing` without a bundle. */
  static async start(path: string): Promise<Bed> {
    const bed = new Bed(path, await startFeed(tableOf([]), "resilience-1"))
    bed.afterwards(() => bed.feed.stop())
    bed.afterwards(async () => void (await Promise.all(bed.routers.map((router) => router.kill()))))
    try {
      await bed.startRouter()
    } catch (error) {
      await bed.end()
      throw error
    }
    return bed
  }

  /** Where the first router takes requests. */
  get port(): number {
    return this.routers[0]?.ports.port ?? 0
  }

  /** Another router, on ports of its own. */
  async startRouter(): Promise<void> {
    const { feed, path } = this
    this.routers.push(await RouterProcess.start({ path, feed }))
  }

  /** The routers that were started, in that order. */
  get running(): ReadonlyArray<RouterProcess> {
    return this.routers
  }

  /** SIGTERM to a router and, when it has ended, a new one on its ports. Resolves to whether it ended by itself. */
  async replaceRouter(index: number): Promise<boolean> {
    const { feed, path } = this
    const router = this.routers[index]
    if (router === undefined) return false
    const { ports } = router
    const endedWell = await router.stop()
    this.routers[index] = await RouterProcess.start({ path, feed, ports })
    return endedWell
  }

  afterwards(ending: () => Promise<void> | void): void {
    this.endings.push(ending)
  }

  async end(): Promise<void> {
    for (const ending of this.endings.reverse()) await ending()
  }

  /** The tasks of the service that is loaded. */
  setReplicas(replicas: ReadonlyArray<Replica>): void {
    this.services = [
      {
        name: "web",
        host: "web",
        tasks: replicas.map(({ state, task }) => ({ ...pick(task), state }))
      }
    ]
    this.publish()
  }

  /** Services beside it. */
  setOthers(others: ReadonlyArray<ServiceAt>): void {
    this.others = others
    this.publish()
  }

  private publish(): void {
    this.feed.setTable(tableOf([...this.services, ...this.others]))
  }

  /** Every rebalancer is gone. */
  async killFeed(): Promise<void> {
    await this.feed.stop()
  }

  /** Another rebalancer takes their place, at the same address, with the table of now. */
  async reviveFeed(): Promise<void> {
    const { port, token } = this.feed
    this.feed = await startFeed(tableOf([...this.services, ...this.others]), `resilience-${++this.instance}`, {
      port,
      token
    })
  }

  async routersConnected(): Promise<number> {
    return this.feed.routers()
  }

  /** Resolves when every router has `count` ready tasks of the service that is loaded. */
  async routerKnows(count: number): Promise<void> {
    const until = Date.now() + 10_000
    for (const router of this.routers)
      while ((await router.routes()).find(({ host }) => host === "web")?.endpoints.length !== count) {
        if (Date.now() > until) throw new Error(`the router does not learn of ${count} tasks`)
        await sleep(20)
      }
  }
}

const pick = ({ host, name, node, port }: Replica["task"]) => ({ task: name, node, host, port })
