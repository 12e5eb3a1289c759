/**
 * The router as it is deployed: its bundle, its default settings, its table from a feed. Only ports and the feed's address
 * are set; `router-log` has the access log on besides.
 */
import { existsSync } from "node:fs"
import { freePorts, Missing } from "../../Children.ts"
import { peerOf, type StartPeer, versionOf } from "../Peer.ts"
import { requestsAnswered } from "../RouterCounts.ts"
import { startFeed } from "../ScriptedFeed.ts"
import { tableOf } from "../Tables.ts"

export const startRouter =
  (name: "router" | "router-log"): StartPeer =>
  async (setting) => {
    const { backend, bundle, port } = setting
    if (!existsSync(bundle)) throw new Missing(`${bundle} is not there (npx nx run router:build)`)
    const tasks = (prefix: string, origins: typeof backend.http) =>
      origins.map(({ host, port: at }, i) => ({ task: `${prefix}${i}`, node: `node-${i}`, host, port: at }))
    const feed = await startFeed(
      tableOf([
        { name: "main", host: "*", tasks: tasks("main", backend.http) },
        { name: "echo", host: "*", path: "/echo", tasks: tasks("echo", backend.echo) }
      ]),
      `bench-${name}`
    )
    const [adminPort = 0, heartbeatPort = 0] = await freePorts(2)
    const started = peerOf(name, versionOf(process.execPath, ["--version"]), setting, {
      command: process.execPath,
      args: [bundle],
      env: {
        EVENKEEL_NODE_ID: "node-of-the-router",
        EVENKEEL_FEED_URLS: feed.url,
        EVENKEEL_TOKEN: feed.token,
        EVENKEEL_ROUTER_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_PORT: String(port),
        EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
        EVENKEEL_ROUTER_ADMIN_PORT: String(adminPort),
        EVENKEEL_ROUTER_HEARTBEAT_PORT: String(heartbeatPort),
        ...(name === "router-log" ? { EVENKEEL_ROUTER_ACCESS_LOG: "all" } : {})
      },
      counted: () => requestsAnswered(adminPort),
      afterwards: () => feed.stop()
    })
    // Without a router nobody stops the feed.
    return started.catch(async (error: unknown) => {
      await feed.stop()
      throw error
    })
  }
