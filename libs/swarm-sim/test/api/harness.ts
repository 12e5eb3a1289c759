/**
 * An embedded Swarm on sockets of a folder of its own, with a clock that the test moves, and HTTP to it as any client would speak.
 */
import * as http from "node:http"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { parse } from "../../src/api/EngineText.ts"
import { defaults, type SimOptions } from "../../src/server/SimOptions.ts"
import * as SimServer from "../../src/server/SimServer.ts"

export interface Reply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  /** Parsed; numbers that JavaScript would change are raw. */
  // Tests reach into answers freely; a wrong path fails the test.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any
}

export interface Sim {
  readonly server: SimServer.SimServer
  readonly socketOf: (hostname: string) => string
  /** On n1 unless another node is named; the path with its version, or without. */
  readonly call: (method: string, path: string, body?: unknown, node?: string) => Promise<Reply>
  readonly get: (path: string, node?: string) => Promise<Reply>
  /** An answer without end: `lines` fills as they come. */
  readonly follow: (path: string, node?: string) => Promise<Following>
  readonly advance: (millis: number) => void
  readonly stop: () => Promise<void>
}

export interface Following {
  readonly headers: http.IncomingHttpHeaders
  readonly lines: ReadonlyArray<string>
  /** Resolves once so many lines have come. */
  readonly until: (count: number) => Promise<void>
  readonly ended: Promise<void>
  readonly close: () => void
}

const parsed = (text: string): unknown => {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

export const request = (socketPath: string, method: string, path: string, body?: unknown): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body)
    const sent = http.request({ socketPath, method, path, agent: false }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", reject)
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8")
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) })
      })
    })
    sent.on("error", reject)
    if (text !== undefined) sent.setHeader("Content-Type", "application/json")
    sent.end(text)
  })

const following = (socketPath: string, path: string): Promise<Following> =>
  new Promise((resolve, reject) => {
    const sent = http.get({ socketPath, path, agent: false }, (response) => {
      const lines: Array<string> = []
      const checks = new Set<() => void>()
      let rest = ""
      response.on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString("utf8")).split("\n")
        rest = parts.pop() ?? ""
        lines.push(...parts)
        for (const check of checks) check()
      })
      response.on("error", () => {})
      resolve({
        headers: response.headers,
        lines,
        until: (count) =>
          new Promise((reached) => {
            const check = () => {
              if (lines.length < count) return
              checks.delete(check)
              reached()
            }
            checks.add(check)
            check()
          }),
        ended: new Promise((ended) => response.once("close", ended)),
        close: () => void response.destroy()
      })
    })
    sent.on("error", reject)
  })

export const startSim = async (
  options: Partial<SimOptions> = {},
  surroundings: SimServer.Surroundings = {}
): Promise<Sim> => {
  const scope = Effect.runSync(Scope.make())
  const server = await Effect.runPromise(
    Scope.extend(
      SimServer.make({ ...defaults, speed: 0, ...options }, () => {}, surroundings),
      scope
    )
  )
  const socketOf = (hostname: string): string => {
    const found = server.addresses.nodes.find((node) => node.hostname === hostname)
    if (found === undefined) throw new Error(`there is no node ${hostname}`)
    return found.endpoint.slice("unix://".length)
  }
  return {
    server,
    socketOf,
    call: (method, path, body, node = "n1") => request(socketOf(node), method, path, body),
    get: (path, node = "n1") => request(socketOf(node), "GET", path),
    follow: (path, node = "n1") => following(socketOf(node), path),
    advance: (millis) => server.advance(millis),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

export const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`

/** The least that makes a service. */
export const spec = (name: string, replicas = 1, fields: object = {}) => ({
  Name: name,
  TaskTemplate: { ContainerSpec: { Image: "vvm:1" } },
  Mode: { Replicated: { Replicas: replicas } },
  ...fields
})
