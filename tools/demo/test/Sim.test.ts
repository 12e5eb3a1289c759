import * as http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import type { RunningWorkload } from "@evenkeel/swarm-sim/runtime/Workload"
import { obstacleTo } from "../src/sim/LoopbackRange.ts"
import type { SimSite } from "../src/sim/SimSite.ts"
import * as SwarmMesh from "../src/sim/SwarmMesh.ts"
import { tableOf } from "../src/sim/TableWriter.ts"
import type { Backend } from "../src/sim/Tasks.ts"
import { rebalancerEnv, routerEnv } from "../src/sim/TaskSettings.ts"

const backend = (service: string, change: Partial<Backend> = {}): Backend => ({
  service,
  group: service.startsWith("vvm") ? "vvm" : null,
  node: "n1",
  address: "127.0.0.1",
  port: 9001,
  isDraining: false,
  ...change
})

describe("SwarmMesh", () => {
  const open: Array<() => void> = []
  afterEach(() => {
    for (const close of open.splice(0)) close()
  })

  const server = async (name: string): Promise<number> => {
    const listening = http.createServer((_, response) => response.end(name)).listen(0, "127.0.0.1")
    await new Promise((resolve) => listening.once("listening", resolve))
    open.push(() => listening.close())
    return (listening.address() as AddressInfo).port
  }

  const mesh = async (backends: ReadonlyArray<Backend>): Promise<RunningWorkload> => {
    const running = await SwarmMesh.start({
      address: "127.0.0.1",
      port: 0,
      gossipMs: 5,
      backends: () => Promise.resolve(backends)
    })
    open.push(running.destroy)
    return running
  }

  const ask = (port: number, host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      http
        .get({ host: "127.0.0.1", port, agent: false, headers: { host } }, (response) => {
          let text = ""
          response.on("data", (chunk: Buffer) => (text += chunk.toString()))
          response.on("end", () => resolve(text))
        })
        .once("error", reject)
    })

  /** The connection of a WebSocket, once it is one; asks again until the mesh knows the task. */
  const upgraded = (port: number, host: string): Promise<Socket> =>
    new Promise((resolve) => {
      const headers = { host, connection: "Upgrade", upgrade: "websocket" }
      http
        .get({ host: "127.0.0.1", port, agent: false, headers })
        .once("upgrade", (_, socket: Socket) => resolve(socket))
        .once("error", () => setTimeout(() => resolve(upgraded(port, host)), 5))
    })

  it("leads a name to its tasks in turn", async () => {
    const [one, two] = [await server("one"), await server("two")]
    const { port } = await mesh([backend("vvm1", { port: one }), backend("vvm2", { port: two })])
    await expect.poll(() => ask(port, "vvm1").catch(() => "")).toBe("one")
    const group = await Promise.all([ask(port, "vvm"), ask(port, "vvm")])
    expect(group.toSorted()).toEqual(["one", "two"])
  })

  it("tries nothing twice: a task that is gone fails the request", async () => {
    const one = await server("one")
    const { port } = await mesh([backend("trio", { port: one }), backend("trio", { port: 1 })])
    await expect.poll(() => ask(port, "trio").catch(() => "")).toBe("one")
    const both = await Promise.allSettled([ask(port, "trio"), ask(port, "trio")])
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"])
  })

  it("leads a WebSocket to a task, and ends it with the task's", async () => {
    const tasks: Array<Socket> = []
    const echo = http.createServer().on("upgrade", (request: http.IncomingMessage, socket: Socket) => {
      tasks.push(socket)
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\n`
      )
      socket.pipe(socket)
    })
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve))
    open.push(() => echo.close())
    const { port } = await mesh([backend("vvm1", { port: (echo.address() as AddressInfo).port })])
    const client = await upgraded(port, "vvm1")
    client.write("there and back")
    expect(await new Promise((resolve) => client.once("data", (bytes: Buffer) => resolve(String(bytes))))).toBe(
      "there and back"
    )
    const closed = new Promise((resolve) => client.once("close", () => resolve("closed")))
    tasks[0]?.destroy()
    expect(await closed).toBe("closed")
  })

  it("unbinds tasks that are told to stop", () => {
    const all = [backend("trio"), backend("trio", { port: 9002, isDraining: true })]
    expect(SwarmMesh.backendsOf("trio", all)).toEqual([all[0]])
    expect(SwarmMesh.backendsOf("vvm", all)).toEqual([])
  })
})

it("a port that another program has on all addresses is in the way of addresses for tasks", async () => {
  const other = http.createServer().listen(0)
  await new Promise((resolve) => other.once("listening", resolve))
  const { port } = other.address() as AddressInfo
  // Where there is no 127.0.0.0/8 that is what is in the way.
  const expected = (await obstacleTo([0])) === null ? "EADDRINUSE" : "EADDRNOTAVAIL"
  expect(await obstacleTo([0, port])).toContain(expected)
  await new Promise((resolve) => other.close(resolve))
  if (expected === "EADDRINUSE") expect(await obstacleTo([0, port])).toBeNull()
})

it("the table of a machine with one address names each task's port", () => {
  const backends = [backend("vvm1"), backend("trio", { port: 9002, node: "n2", isDraining: true })]
  expect(JSON.parse(tableOf(["vvm1", "vvm2", "trio"], backends))).toEqual({
    services: [
      {
        name: "vvm1",
        group: "vvm",
        holdMillis: 60_000,
        endpoints: [{ address: "127.0.0.1:9001", node: "n1", state: "ready" }]
      },
      { name: "vvm2", group: "vvm", holdMillis: 60_000, endpoints: [] },
      { name: "trio", endpoints: [{ address: "127.0.0.1:9002", node: "n2", state: "draining" }] }
    ]
  })
})

describe("TaskSettings", () => {
  const site: SimSite = {
    speed: 10,
    seed: 1,
    folder: "/f",
    apps: "/a",
    routing: "routers",
    mode: "act",
    portsOnly: false
  }
  const place = { address: "127.77.0.2", port: 8080, adminPort: 9080, heartbeatPort: 9081 }
  const fromStack = { EVENKEEL_FEED_DNS: "tasks.rebalancer", EVENKEEL_TOKEN_FILE: "/run/secrets/evenkeel_token" }

  it("gives routers addresses of this machine instead of the overlay's", () => {
    const env = routerEnv({ ...fromStack, EVENKEEL_NODE_ID: "abc" }, site, place)
    expect(env).toMatchObject({
      EVENKEEL_NODE_ID: "abc",
      EVENKEEL_ROUTER_HOST: "127.77.0.2",
      EVENKEEL_ROUTER_HEARTBEAT_HOST: "127.77.0.2",
      EVENKEEL_FEED_URLS: "ws://127.78.0.1:7070/feed,ws://127.78.0.2:7070/feed,ws://127.78.0.3:7070/feed",
      EVENKEEL_TOKEN_FILE: "/f/token"
    })
    expect(env).not.toHaveProperty("EVENKEEL_FEED_DNS")
  })

  it("divides the rebalancers' windows by the speed", () => {
    const windows = ({ speed }: { readonly speed: number }) => {
      const env = rebalancerEnv({ EVENKEEL_REBALANCER_STABILISATION: "30s" }, { ...site, speed }, "n2", place)
      return [env["EVENKEEL_REBALANCER_STABILISATION"], env["EVENKEEL_REBALANCER_STABILITY"], env["DOCKER_HOST"]]
    }
    expect(windows({ speed: 10 })).toEqual(["3000ms", "500ms", "unix:///f/n2.sock"])
    expect(windows({ speed: 1 })).toEqual(["30000ms", "5000ms", "unix:///f/n2.sock"])
  })
})
