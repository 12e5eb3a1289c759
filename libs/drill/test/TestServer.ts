/** A server that answers as the workload does, and misbehaves where a test says so. */
import { createHash, hash } from "node:crypto"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import { LoadEngine } from "../src/LoadEngine.ts"
import {
  defaultPlan,
  type LoadPlan,
  type RequestKind,
  type RequestTraffic,
  type StreamTraffic
} from "../src/LoadPlan.ts"

/** Answers a request itself and returns true, or leaves it to the server. */
export type Misbehave = (request: http.IncomingMessage, response: http.ServerResponse) => boolean

export interface TestServer {
  readonly url: string
  readonly sockets: ReadonlySet<WebSocket>
  /** Requests received. */
  readonly received: () => number
}

const service = "p2p_vvm1"

const json = (response: http.ServerResponse, value: unknown): void => {
  const body = JSON.stringify(value)
  response.setHeader("content-length", Buffer.byteLength(body))
  response.setHeader("digest", `sha-256=${hash("sha256", body, "base64")}`)
  response.end(body)
}

const behave = (request: http.IncomingMessage, response: http.ServerResponse): void => {
  const url = new URL(request.url ?? "/", "http://server")
  response.setHeader("vvm-service", service)
  response.setHeader("vvm-node", "n1")
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.once("end", () => {
    const sent = Buffer.concat(chunks)
    if (url.pathname === "/bytes") {
      const body = Buffer.alloc(Number(url.searchParams.get("n")), Number(url.searchParams.get("seed")))
      const digest = `sha-256=${hash("sha256", body, "base64")}`
      if (url.searchParams.get("chunked") === "1") {
        response.setHeader("trailer", "Digest")
        response.write(body)
        response.addTrailers({ Digest: digest })
        response.end()
      } else response.writeHead(200, { digest, "content-length": body.length }).end(body)
    } else if (url.pathname === "/echo") response.end(sent)
    else if (url.pathname === "/upload") {
      json(response, { length: sent.length, sha256: createHash("sha256").update(sent).digest("hex") })
    } else if (url.pathname === "/call")
      json(response, { answer: { service: `p2p_${url.searchParams.get("service")}` } })
    else if (url.pathname === "/sse") sse(response, Number(url.searchParams.get("count")))
    else if (request.method === "OPTIONS") response.writeHead(204, { allow: "GET" }).end()
    else json(response, { service })
  })
}

const sse = (response: http.ServerResponse, count: number): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  let sent = 0
  const timer = setInterval(() => {
    response.write(`id: ${++sent}\ndata: x\n\n`)
    if (sent === count) response.end()
  }, 2)
  response.once("close", () => clearInterval(timer))
}

export const withServer = async (
  options: { readonly misbehave?: Misbehave; readonly onSocket?: (socket: WebSocket, index: number) => void },
  use: (server: TestServer) => Promise<void>
): Promise<void> => {
  let received = 0
  const server = http.createServer((request, response) => {
    received++
    if (options.misbehave?.(request, response) !== true) behave(request, response)
  })
  const sockets = new WebSocketServer({ server, path: "/ws" })
  let index = 0
  sockets.on("connection", (socket) => {
    socket.send(JSON.stringify({ service, node: "n1" }))
    if (options.onSocket !== undefined) options.onSocket(socket, index++)
    else socket.on("message", (message, binary) => socket.send(message, { binary }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  try {
    await use({ url: `http://127.0.0.1:${port}`, sockets: sockets.clients, received: () => received })
  } finally {
    for (const socket of sockets.clients) socket.terminate()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** A URL on which nobody listens. */
export const deadUrl = async (): Promise<string> => {
  const server = http.createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

export const traffic = (kind: RequestKind, ratePerS = 100): RequestTraffic => ({
  kind,
  host: "vvm",
  names: "group",
  ratePerS,
  ...(kind === "call" ? { callees: ["vvm2", "vvm3"] } : {})
})

export const stream = (kind: StreamTraffic["kind"], open = 1): StreamTraffic => ({
  kind,
  host: "vvm",
  open,
  holdMs: 20,
  everyMs: 2
})

export const plan = (changes: Partial<LoadPlan>): LoadPlan => ({
  ...defaultPlan(),
  requests: [],
  streams: [],
  timeoutMs: 5_000,
  deadTargetGraceMs: 10,
  ...changes
})

/** Runs an engine while `use` does, and stops it. */
export const withEngine = async (
  targets: ReadonlyArray<string>,
  changes: Partial<LoadPlan>,
  use: (engine: LoadEngine) => Promise<void>
): Promise<void> => {
  const engine = new LoadEngine({ plan: plan(changes), targets })
  try {
    await use(engine)
  } finally {
    await engine.stop()
  }
}

/** Resolves when `condition` holds. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}
