/**
 * What every scenario stands on: a router from its deployed bundle, a feed that tells it whatever table is wanted, and
 * processes and servers that are all ended afterwards.
 */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, openSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePorts, Missing } from "../router/Children.ts"
import { type ScriptedFeed, startFeed } from "../router/ScriptedFeed.ts"
import { type ServiceAt, tableOf } from "../router/Tables.ts"
import type { Task } from "./Task.ts"

export interface Replica {
  readonly task: Pick<Task, "name" | "node" | "host" | "port">
  readonly state: "ready" | "draining"
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export class Bed {
  readonly port: number
  readonly adminPort: number
  private feed: ScriptedFeed
  private services: ReadonlyArray<ServiceAt> = []
  private others: ReadonlyArray<ServiceAt> = []
  private instance = 1
  private readonly endings: Array<() => Promise<void> | void> = []

  private constructor(feed: ScriptedFeed, port: number, adminPort: number) {
    this.feed = feed
    this.port = port
    this.adminPort = adminPort
  }

  /** Starts a router of `bundle`; it is ready when its first table is there. Throws `Missing` without a bundle. */
  static async start(bundle: string): Promise<Bed> {
    if (!existsSync(bundle)) throw new Missing(`${bundle} is not there (npx nx run router:build)`)
    const feed = await startFeed(tableOf([]), "resilience-1")
    const [port = 0, adminPort = 0, heartbeatPort = 0] = await freePorts(3)
    const folder = mkdtempSync(join(tmpdir(), "evenkeel-resilience-"))
    const log = join(folder, "router.log")
    const output = openSync(log, "w")
    const child = spawn(process.execPath, [bundle], {
      stdio: ["ignore", output, output],
      env: {
        ...process.env,
        EVENKEEL_NODE_ID: "node-of-the-router",
        EVENKEEL_FEED_URLS: feed.url,
        EVENKEEL_TOKEN: feed.token,
        EVENKEEL_ROUTER_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_PORT: String(port),
        EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_ADMIN_PORT: String(adminPort),
        EVENKEEL_ROUTER_HEARTBEAT_PORT: String(heartbeatPort)
      }
    })
    const bed = new Bed(feed, port, adminPort)
    bed.afterwards(() => rmSync(folder, { recursive: true, force: true }))
    bed.afterwards(() => bed.feed.stop())
    bed.afterwards(
      () =>
        new Promise<void>((resolve) => {
          child.once("exit", () => resolve())
          child.kill("SIGKILL")
        })
    )
    const until = Date.now() + 10_000
    while (!(await bed.isReady())) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`the router does not become ready:\n${readFileSync(log, "utf8").slice(-2_000)}`)
      await sleep(30)
    }
    return bed
  }

  afterwards(ending: () => Promise<void> | void): void {
    this.endings.push(ending)
  }

  async end(): Promise<void> {
    for (const ending of this.endings.reverse()) await ending()
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.adminPort}/readyz`)).ok
    } catch {
      return false
    }
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

  /** Resolves when the router has `count` ready tasks of the service that is loaded. */
  async routerKnows(count: number): Promise<void> {
    const until = Date.now() + 10_000
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${this.adminPort}/routes`)
      const { routes } = (await response.json()) as { routes: Array<{ host: string; endpoints: Array<unknown> }> }
      if (routes.find(({ host }) => host === "web")?.endpoints.length === count) return
      if (Date.now() > until) throw new Error(`the router does not learn of ${count} tasks`)
      await sleep(20)
    }
  }
}

const pick = ({ host, name, node, port }: Replica["task"]) => ({ task: name, node, host, port })
