/**
 * An embedded Swarm and a rebalancer on each of its managers, as processes, each rebalancer behind a socket proxy that allows what
 * the documentation lists. Everything is spoken to as operators do: over the Engine API, and over the rebalancers' own.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import * as http from "node:http"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as EngineProxy from "./EngineProxy.ts"

const root = join(import.meta.dirname, "../../../..")
const sources = "--conditions=@evenkeel/source"
const token = "secret"
const waitMillis = 100_000

/** Waits for a condition, however long a busy machine takes. */
export const eventually = async <A>(what: string, look: () => Promise<A | undefined | false>): Promise<A> => {
  let seen: unknown = null
  for (const until = performance.now() + waitMillis; performance.now() < until; await sleep(50)) {
    const found = await look().catch((error: unknown) => {
      seen = error
    })
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`${what}: not within ${waitMillis / 1000} s; the last error: ${String(seen)}`)
}

export interface Answer {
  readonly status: number
  readonly json: unknown
}

const ask = (options: http.RequestOptions, body?: unknown): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = { ...options.headers, ...(text === undefined ? {} : { "Content-Type": "application/json" }) }
    const request = http.request({ ...options, headers, agent: false, timeout: 10_000 }, (response) => {
      let answer = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => (answer += part))
      response.on("error", reject)
      response.on("end", () => {
        try {
          const json: unknown = answer.startsWith("{") || answer.startsWith("[") ? JSON.parse(answer) : answer
          resolve({ status: response.statusCode ?? 0, json })
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
    request.on("timeout", () => request.destroy(new Error("no answer")))
    request.on("error", reject)
    request.end(text)
  })

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** Windows that suit a Swarm ten times as fast as the clock. */
const brakes = {
  EVENKEEL_REBALANCER_MODE: "act",
  EVENKEEL_REBALANCER_STABILISATION: "500ms",
  EVENKEEL_REBALANCER_STABILITY: "500ms",
  EVENKEEL_REBALANCER_MOVE_DEADLINE: "30s",
  EVENKEEL_REBALANCER_UNDONE_BACK_OFF: "1s",
  // They compare the Swarm's times, which run ahead, with the clock of this machine.
  EVENKEEL_REBALANCER_COOL_DOWN: "0s",
  EVENKEEL_REBALANCER_TASK_AGE: "0s"
}

export class Instance {
  readonly hostname: string
  readonly proxy: EngineProxy.EngineProxy
  readonly #socket: string
  #port = 0
  #child: ChildProcess | null = null
  /** What it said last. */
  #said = ""

  constructor(hostname: string, proxy: EngineProxy.EngineProxy, socket: string) {
    this.hostname = hostname
    this.proxy = proxy
    this.#socket = socket
  }

  async start(): Promise<void> {
    this.#port = await freePort()
    // The leash ends it with this process, however that ends.
    const leash = join(root, "tools/drills/src/Leash.ts")
    const child = spawn(process.execPath, [sources, "--import", leash, join(root, "apps/rebalancer/src/main.ts")], {
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...brakes,
        DOCKER_HOST: `unix://${this.#socket}`,
        EVENKEEL_TOKEN: token,
        EVENKEEL_REBALANCER_HOST: "127.0.0.1",
        EVENKEEL_REBALANCER_PORT: String(this.#port),
        EVENKEEL_REBALANCER_ADMIN_HOST: "127.0.0.1",
        EVENKEEL_REBALANCER_ADMIN_PORT: String(await freePort())
      }
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => (this.#said = `${this.#said}${bytes.toString()}`.slice(-4_000)))
    await eventually(`the rebalancer on ${this.hostname} is ready`, async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${this.#said}`)
      return (await this.get("/v1/state")).status === 200
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#said}`)
    })
  }

  /** SIGKILL: it has no time for anything. */
  kill(): Promise<void> {
    return new Promise((resolve) => {
      const child = this.#child
      if (child === null || child.exitCode !== null || child.signalCode !== null) return resolve()
      child.once("exit", () => resolve())
      child.kill("SIGKILL")
    })
  }

  get(path: string): Promise<Answer> {
    return this.send("GET", path)
  }

  send(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<Answer> {
    const headers = { Authorization: `Bearer ${token}` }
    return ask({ host: "127.0.0.1", port: this.#port, method, path, headers }, body)
  }
}

export interface Cluster {
  readonly instances: ReadonlyArray<Instance>
  /** On the first manager whose engine answers. */
  readonly call: (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>
  readonly fault: (fault: object) => Promise<void>
  /** The hostname of the raft group's leader; null while there is none. */
  readonly leader: () => Promise<string | null>
  readonly stop: () => Promise<void>
}

interface Addresses {
  readonly control: string
  readonly nodes: ReadonlyArray<{ readonly hostname: string; readonly manager: boolean; readonly endpoint: string }>
}

const socketOf = (endpoint: string): string => endpoint.replace(/^unix:\/\//, "")

const startSwarm = (nodes: number, folder: string): Promise<{ child: ChildProcess; addresses: Addresses }> =>
  new Promise((resolve, reject) => {
    const program = join(root, "libs/swarm-sim/src/server/main.ts")
    const words = ["--nodes", String(nodes), "--managers", "3", "--speed", "10", "--sockets", folder]
    const child = spawn(process.execPath, [sources, program, ...words], { stdio: ["ignore", "pipe", "pipe"] })
    let text = ""
    let said = ""
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()))
    child.once("exit", () => reject(new Error(`the embedded Swarm ended: ${said.slice(-2_000)}`)))
    child.stdout.on("data", (bytes: Buffer) => {
      text += bytes.toString()
      if (text.includes("\n")) resolve({ child, addresses: JSON.parse(text) as Addresses })
    })
  })

/** Three managers and, besides, workers; a rebalancer on each manager, which is ready. */
export const start = async (nodes: number): Promise<Cluster> => {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-process-"))
  const { addresses, child } = await startSwarm(nodes, folder)
  const managers = addresses.nodes.filter(({ manager }) => manager)
  const simulation = { socketPath: join(folder, "sim.sock") }
  const instances: Array<Instance> = []
  const stop = async () => {
    await Promise.all(instances.map((instance) => instance.kill()))
    await Promise.all(instances.map(({ proxy }) => proxy.stop()))
    await new Promise<void>((resolve) => {
      if (child.exitCode !== null) return resolve()
      child.once("exit", () => resolve())
      child.kill("SIGTERM")
    })
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const { endpoint, hostname } of managers) {
      const socket = join(folder, `proxy-${hostname}.sock`)
      const proxy = await EngineProxy.start(socket, socketOf(endpoint), EngineProxy.documented)
      instances.push(new Instance(hostname, proxy, socket))
    }
    await Promise.all(instances.map((instance) => instance.start()))
  } catch (error) {
    await stop()
    throw error
  }
  const call = async (method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> => {
    let refusal: unknown = null
    for (const { endpoint } of managers) {
      const answer = await ask({ socketPath: socketOf(endpoint), method, path }, body).catch((error: unknown) => error)
      if (answer instanceof Error) continue
      const { json, status } = answer as Answer
      if (status < 400) return json
      refusal = json
    }
    throw new Error(`${method} ${path}: ${JSON.stringify(refusal)}`)
  }
  return {
    instances,
    call,
    fault: async (fault) => {
      const { json, status } = await ask({ ...simulation, method: "POST", path: "/_sim/faults" }, fault)
      if (status >= 400) throw new Error(JSON.stringify(json))
    },
    leader: async () => {
      const { json } = await ask({ ...simulation, method: "GET", path: "/_sim/state" })
      const { nodes } = json as { nodes: ReadonlyArray<{ hostname: string; leader: boolean }> }
      return nodes.find(({ leader }) => leader)?.hostname ?? null
    },
    stop
  }
}
