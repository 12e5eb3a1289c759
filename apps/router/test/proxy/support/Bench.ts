/** What the proxy's tests stand on: real backends on loopback addresses, a proxy before them, and clients on raw sockets. */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as http from "node:http"
import * as net from "node:net"
import { afterEach } from "vitest"
import { defaultLimits, type Limits } from "../../../src/proxy/Limits.ts"
import { Proxy, type ProxyOptions } from "../../../src/proxy/Proxy.ts"
import type { ProxyEvent } from "../../../src/proxy/ProxyEvent.ts"

export { ownNodeFirst, type At, type ServiceSpec, tableOf, type TaskSpec } from "./Tables.ts"

const cleanups: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Undone after the test. */
export const afterwards = (cleanup: () => Promise<void> | void): void => void cleanups.push(cleanup)

/** Resolves when `condition` holds; it is asked again every 2 ms. Fails after `withinMs`. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 5_000
): Promise<void> => {
  const from = performance.now()
  while (!(await condition())) {
    if (performance.now() - from > withinMs) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** The proxy's clock, to be put forward. */
export const clock = () => {
  let ahead = 0
  return { now: () => performance.now() + ahead, forward: (ms: number) => void (ahead += ms) }
}

/** Resolves when `read` has given the same value above zero thirty times in a row: whatever moved it has come to rest. */
export const settles = async (read: () => number, what: string): Promise<number> => {
  let before = 0
  let times = 0
  await until(() => {
    const now = read()
    times = now > 0 && now === before ? times + 1 : 0
    before = now
    return times === 30
  }, what)
  return before
}

export interface Backend {
  readonly host: string
  readonly port: number
  /** Connections accepted so far. */
  readonly sockets: Array<net.Socket>
  stop(): Promise<void>
}

const listenOn = async (server: net.Server, host: string, port = 0): Promise<Backend> => {
  const sockets: Array<net.Socket> = []
  server.on("connection", (socket: net.Socket) => {
    sockets.push(socket)
    socket.on("error", () => undefined)
  })
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve))
  const address = server.address() as net.AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  afterwards(() => (server.listening ? stop() : undefined))
  return { host, port: address.port, sockets, stop }
}

/** A backend of Node's own HTTP server. */
export const httpBackend = (
  handler: http.RequestListener,
  host = "127.0.0.1",
  port = 0
): Promise<Backend & { readonly server: http.Server }> => {
  const server = http.createServer(handler)
  return listenOn(server, host, port).then((backend) => ({ ...backend, server }))
}

/** A backend of bytes. */
export const rawBackend = (
  onConnection: (socket: net.Socket) => void,
  host = "127.0.0.1",
  port = 0
): Promise<Backend> => listenOn(net.createServer({ allowHalfOpen: true }, onConnection), host, port)

/** A backend that answers each whole request (without a body) with `respond`'s bytes and records the heads. */
export const scriptedBackend = async (
  respond: (head: string, socket: net.Socket) => string | null,
  host = "127.0.0.1"
): Promise<Backend & { readonly heads: Array<string> }> => {
  const heads: Array<string> = []
  const backend = await rawBackend((socket) => {
    let text = ""
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1")
      for (let end = text.indexOf("\r\n\r\n"); end !== -1; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end + 4)
        text = text.slice(end + 4)
        heads.push(head)
        const answer = respond(head, socket)
        if (answer !== null) socket.write(answer, "latin1")
      }
    })
    socket.on("end", () => socket.end())
  }, host)
  return { ...backend, heads }
}

/** A free port with nobody behind it: connections are refused. */
export const refusedPort = async (host = "127.0.0.1"): Promise<Backend> => {
  const backend = await rawBackend(() => undefined, host)
  await backend.stop()
  return backend
}

export interface RunningProxy {
  readonly proxy: Proxy
  readonly port: number
  readonly events: Array<ProxyEvent>
}

/** A proxy on a loopback address with `table`. Random draws are 0.5 unless given. */
export const startProxy = async (
  table: RoutingTable,
  options: Partial<Omit<ProxyOptions, "limits">> & { readonly limits?: Partial<Limits> } = {}
): Promise<RunningProxy> => {
  const events: Array<ProxyEvent> = []
  const proxy = new Proxy({
    host: "127.0.0.1",
    port: 0,
    nodeId: "node-router",
    pseudonym: "router-under-test",
    trustedProxies: [],
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    ...options,
    limits: { ...defaultLimits, tickMs: 10, ...options.limits }
  })
  const { port } = await proxy.listen()
  afterwards(() => proxy.close({ deadlineMs: 0 }))
  proxy.setTable(table)
  return { proxy, port, events }
}

/** A client that writes and reads bytes. */
export class RawClient {
  readonly socket: net.Socket
  text = ""
  ended = false
  closed = false

  constructor(port: number) {
    this.socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    this.socket.on("data", (bytes: Buffer) => (this.text += bytes.toString("latin1")))
    this.socket.on("end", () => (this.ended = true))
    this.socket.on("error", () => undefined)
    this.socket.on("close", () => (this.closed = true))
    afterwards(() => void this.socket.destroy())
  }

  send(text: string): this {
    this.socket.write(text, "latin1")
    return this
  }

  async receives(part: string | RegExp): Promise<string> {
    const has = () => (typeof part === "string" ? this.text.includes(part) : part.test(this.text))
    await until(() => has() || this.closed, `the client receives ${String(part)}; it has ${JSON.stringify(this.text)}`)
    if (!has()) throw new Error(`closed before ${String(part)}; received ${JSON.stringify(this.text)}`)
    return this.text
  }

  async end(): Promise<string> {
    await until(() => this.ended || this.closed, `the connection ends; received ${JSON.stringify(this.text)}`)
    return this.text
  }
}

/** Resolves when nobody listens at `port` any more: from then on the clients that a closing proxy has are told to go. */
export const isLeft = async (port: number): Promise<void> => {
  for (let refused = false; !refused;) {
    const late = new RawClient(port)
    await until(() => late.closed || !late.socket.connecting, "an attempt to connect has ended")
    refused = late.closed
    late.socket.destroy()
  }
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: ReadonlyArray<string>
  readonly body: string
  readonly trailers: NodeJS.Dict<string>
}

/** One request by Node's own client. */
export const request = (
  port: number,
  host: string,
  options: http.RequestOptions & { readonly body?: string | Buffer } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body, headers, ...rest } = options
    const outgoing = http.request(
      { host: "127.0.0.1", port, agent: false, ...rest, headers: { host, ...headers } },
      (incoming) => {
        let text = ""
        incoming.setEncoding("latin1")
        incoming.on("data", (piece: string) => (text += piece))
        incoming.on("error", reject)
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            rawHeaders: incoming.rawHeaders,
            body: text,
            trailers: incoming.trailers
          })
        )
      }
    )
    outgoing.on("error", reject)
    outgoing.end(body)
  })
