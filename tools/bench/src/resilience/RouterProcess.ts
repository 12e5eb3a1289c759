/** A router from its deployed bundle, as a process that is started, asked whether it is ready, and ended as Swarm ends it. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePorts } from "../router/Children.ts"

const readyWithinMs = 20_000
/** Swarm's default is 10 s; the stack gives a router 15 s. */
const killAfterMs = 15_000

export interface RouterOptions {
  readonly bundle: string
  readonly feed: { readonly url: string; readonly token: string }
  /** Default: free ones. */
  readonly ports?: RouterPorts
}

export interface RouterPorts {
  readonly port: number
  readonly adminPort: number
}

export class RouterProcess {
  readonly ports: RouterPorts
  private readonly child: ChildProcess
  private readonly folder: string

  private constructor(ports: RouterPorts, child: ChildProcess, folder: string) {
    this.ports = ports
    this.child = child
    this.folder = folder
  }

  /** Resolves when it is ready: when it has its first table. */
  static async start({ bundle, feed, ports }: RouterOptions): Promise<RouterProcess> {
    const [port = 0, adminPort = 0, heartbeatPort = 0] = await freePorts(3)
    const taken = ports ?? { port, adminPort }
    const folder = mkdtempSync(join(tmpdir(), "evenkeel-resilience-"))
    const log = join(folder, "router.log")
    const output = openSync(log, "w")
    const child = spawn(process.execPath, [bundle], {
      stdio: ["ignore", output, output],
      env: {
        ...process.env,
        EVENKEEL_NODE_ID: `node-of-the-router-${taken.port}`,
        EVENKEEL_FEED_URLS: feed.url,
        EVENKEEL_TOKEN: feed.token,
        EVENKEEL_ROUTER_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_PORT: String(taken.port),
        EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_ADMIN_PORT: String(taken.adminPort),
        EVENKEEL_ROUTER_HEARTBEAT_PORT: String(heartbeatPort)
      }
    })
    const router = new RouterProcess(taken, child, folder)
    const until = Date.now() + readyWithinMs
    while (!(await router.isReady())) {
      if (child.exitCode !== null || Date.now() > until) {
        const said = readFileSync(log, "utf8").slice(-2_000)
        await router.kill()
        throw new Error(`the router does not become ready:\n${said}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    return router
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.ports.adminPort}/readyz`)).ok
    } catch {
      return false
    }
  }

  /** Its routes, as its admin port tells them. */
  async routes(): Promise<ReadonlyArray<{ readonly host: string; readonly endpoints: ReadonlyArray<unknown> }>> {
    const response = await fetch(`http://127.0.0.1:${this.ports.adminPort}/routes`)
    const page = (await response.json()) as { routes: Array<{ host: string; endpoints: Array<unknown> }> }
    return page.routes
  }

  /** SIGTERM, and SIGKILL where that is not enough. Resolves to whether it ended by itself, with exit code 0. */
  async stop(): Promise<boolean> {
    const ended = this.ended()
    this.child.kill("SIGTERM")
    const timer = setTimeout(() => this.child.kill("SIGKILL"), killAfterMs)
    await ended
    clearTimeout(timer)
    rmSync(this.folder, { recursive: true, force: true })
    return this.child.exitCode === 0
  }

  async kill(): Promise<void> {
    const ended = this.ended()
    this.child.kill("SIGKILL")
    await ended
    rmSync(this.folder, { recursive: true, force: true })
  }

  private ended(): Promise<void> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => child.once("exit", () => resolve()))
  }
}
