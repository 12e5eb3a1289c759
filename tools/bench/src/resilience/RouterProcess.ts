/** A router from its deployed bundle: started, asked what it knows, and ended as Swarm ends it. */
import { type Bundle, startBundle } from "../Bundle.ts"
import { end, freePorts } from "../Children.ts"

const readyWithinMs = 20_000
/** Swarm's default is 10 s; the stack gives a router 15 s. */
const graceMs = 15_000

export interface RouterPorts {
  readonly port: number
  readonly adminPort: number
}

export class RouterProcess {
  readonly ports: RouterPorts
  private readonly bundle: Bundle

  private constructor(ports: RouterPorts, bundle: Bundle) {
    this.ports = ports
    this.bundle = bundle
  }

  /** Resolves when it is ready: when it has its first table. Throws `Missing` without a bundle. */
  static async start(options: {
    /** Its main.mjs. */
    readonly path: string
    readonly feed: { readonly url: string; readonly token: string }
    /** Default: free ones. */
    readonly ports?: RouterPorts
  }): Promise<RouterProcess> {
    const { feed, path } = options
    const [freePort = 0, freeAdminPort = 0, heartbeatPort = 0] = await freePorts(3)
    const { adminPort, port } = options.ports ?? { port: freePort, adminPort: freeAdminPort }
    const settings = {
      EVENKEEL_NODE_ID: `node-of-the-router-${port}`,
      EVENKEEL_FEED_URLS: feed.url,
      EVENKEEL_TOKEN: feed.token,
      EVENKEEL_ROUTER_HOST: "127.0.0.1",
      EVENKEEL_ROUTER_PORT: String(port),
      EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
      EVENKEEL_ROUTER_ADMIN_PORT: String(adminPort),
      EVENKEEL_ROUTER_HEARTBEAT_PORT: String(heartbeatPort)
    }
    const bundle = await startBundle({ app: "router", path, adminPort, settings, readyWithinMs })
    return new RouterProcess({ port, adminPort }, bundle)
  }

  /** Its routes, as its admin port tells them. */
  async routes(): Promise<ReadonlyArray<{ readonly host: string; readonly endpoints: ReadonlyArray<unknown> }>> {
    const response = await fetch(`${this.bundle.admin}/routes`)
    const page = (await response.json()) as { routes: Array<{ host: string; endpoints: Array<unknown> }> }
    return page.routes
  }

  /** SIGTERM, and SIGKILL where that is not enough. Resolves to whether it ended by itself, with exit code 0. */
  async stop(): Promise<boolean> {
    await end(this.bundle.process, graceMs)
    return this.bundle.process.exitCode === 0
  }

  kill(): Promise<void> {
    return end(this.bundle.process, 0)
  }
}
