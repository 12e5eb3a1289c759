/**
 * One node's engine on a socket: takes requests, holds them up or refuses them as the faults ask, and writes answers. While its
 * node has crashed nothing listens; while it is cut off requests are taken and not answered. What is answered is the routes'
 * matter.
 */
import * as http from "node:http"
import * as Answer from "./Answer.ts"
import { answerControl, type Control } from "./ControlRoutes.ts"
import type { Engine } from "./Engine.ts"
import { isOlder, readVersion, requireSupported } from "./EngineIdentity.ts"
import { EngineRefusal } from "./EngineRefusal.ts"
import { dispatch, type Request } from "./Route.ts"
import { engineRoutes } from "./Routes.ts"

/** Bodies beyond this are refused. */
const maxBodyLength = 16 * 1024 * 1024

/** An event for a client that has left this much unread is lost, as the engine drops what a slow reader does not take. */
const maxUnread = 1024 * 1024

export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }

export interface EndpointOptions {
  /** Null for an address of the simulation itself, where no engine answers. */
  readonly engine: Engine | null
  readonly control: Control
  readonly listen: ListenAddress
}

export class Endpoint {
  readonly #options: EndpointOptions
  readonly #server: http.Server
  #held: Array<() => void> = []
  #listen: ListenAddress
  #isClosed = false

  constructor(options: EndpointOptions) {
    this.#options = options
    this.#listen = options.listen
    this.#server = http.createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (request, response) =>
      this.#take(request, response)
    )
  }

  /** As DOCKER_HOST would name it; with the port that was given where 0 was asked for. */
  get address(): string {
    const listen = this.#listen
    return listen.kind === "unix" ? `unix://${listen.path}` : `tcp://${listen.host}:${listen.port}`
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject)
      this.#server.listen(this.#listen.kind === "unix" ? { path: this.#listen.path } : { ...this.#listen }, () => {
        this.#server.off("error", reject)
        const bound = this.#server.address()
        if (this.#listen.kind === "tcp" && typeof bound === "object" && bound !== null)
          this.#listen = { ...this.#listen, port: bound.port }
        resolve()
      })
    })
  }

  /** Follows its node: a crash closes it, a return opens it, and what was held up is answered. */
  refresh(): void {
    if (this.#isClosed) return
    const condition = this.#condition()
    if (condition === "crashed") {
      if (!this.#server.listening) return
      this.#held = []
      this.#server.close()
      this.#server.closeAllConnections()
      return
    }
    // A port or path that somebody else has taken meanwhile is tried again with the next call.
    if (!this.#server.listening) void this.open().catch(() => {})
    if (condition === "black-holed") return
    this.#options.engine?.events.catchUp()
    const held = this.#held
    this.#held = []
    for (const answer of held) answer()
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#options.engine?.events.close()
    return new Promise((resolve) => {
      if (!this.#server.listening) return resolve()
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #condition() {
    const { engine } = this.#options
    return engine === null ? "up" : engine.condition()
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Array<Buffer> = []
    let length = 0
    response.on("error", () => {})
    request.on("error", () => {})
    request.on("data", (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBodyLength) chunks.push(chunk)
    })
    request.on("end", () => {
      if (length > maxBodyLength) return this.#write(response, Answer.refusal(413, "request body too large"))
      this.#answer(this.#read(request, Buffer.concat(chunks).toString("utf8")), response)
    })
  }

  #read(request: http.IncomingMessage, bodyText: string): Request {
    const target = request.url ?? "/"
    const at = target.indexOf("?")
    const { apiVersion, path } = this.#versioned(at < 0 ? target : target.slice(0, at))
    const query = new URLSearchParams(at < 0 ? "" : target.slice(at + 1))
    return { method: request.method ?? "GET", path, apiVersion, query, bodyText, id: "" }
  }

  #versioned(path: string) {
    const { engine } = this.#options
    return engine === null ? { path, apiVersion: "" } : readVersion(engine.identity, path)
  }

  #answer(request: Request, response: http.ServerResponse): void {
    const { control, engine } = this.#options
    if (request.path.startsWith("/_sim") || engine === null)
      return this.#write(
        response,
        this.#attempt(request, () => {
          const answer = answerControl(request, control)
          if (answer === undefined) throw new EngineRefusal(404, "no engine answers here: only paths under /_sim")
          return answer
        })
      )
    const condition = this.#condition()
    if (condition === "crashed") {
      response.destroy()
      return
    }
    if (condition === "black-holed") {
      this.#held.push(() => this.#answer(request, response))
      return
    }
    const write = () => {
      // The node may have been lost while the answer was held up.
      if (this.#condition() !== "up") this.#answer(request, response)
      else
        this.#write(
          response,
          this.#attempt(request, () => this.#engineAnswer(request, engine))
        )
    }
    const { latencyMillis } = engine.faults.of(engine.nodeId)
    if (latencyMillis > 0) engine.schedule(latencyMillis, write)
    else write()
  }

  #engineAnswer(request: Request, engine: Engine): Answer.Answer {
    const status = engine.faults.errorFor(engine.nodeId)
    if (status !== null) throw new EngineRefusal(status, "the fault api-errors of this simulation answers so")
    requireSupported(engine.identity, request.apiVersion)
    return dispatch(engineRoutes, request, engine)
  }

  #attempt(request: Request, answer: () => Answer.Answer): Answer.Answer {
    try {
      return answer()
    } catch (error) {
      if (error instanceof EngineRefusal) return this.#refused(request, error)
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return Answer.refusal(500, `a fault of the simulation: ${words}`)
    }
  }

  /** In the words of the engine's version; clients before API 1.23 get them as plain text. */
  #refused({ apiVersion }: Request, refusal: EngineRefusal): Answer.Answer {
    const { engine } = this.#options
    const isFormer = engine !== null && isOlder(engine.identity.apiVersion, "1.42")
    const message = isFormer ? refusal.formerly : refusal.message
    if (!isFormer || !isOlder(apiVersion, "1.23")) return Answer.refusal(refusal.status, message)
    return {
      ...Answer.text(`${message}
`),
      status: refusal.status
    }
  }

  #write(response: http.ServerResponse, answer: Answer.Answer): void {
    if (response.destroyed) return
    const { engine } = this.#options
    response.sendDate = false
    if (engine !== null) {
      response.setHeader("Api-Version", engine.identity.apiVersion)
      response.setHeader("Docker-Experimental", "false")
      response.setHeader("Ostype", "linux")
      response.setHeader("Server", `Docker/${engine.identity.engineVersion} (linux)`)
      response.setHeader("Date", new Date(engine.swarm.nowMillis()).toUTCString())
    }
    if (answer.contentType !== null) response.setHeader("Content-Type", answer.contentType)
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
    response.statusCode = answer.status
    const { body } = answer
    switch (body.kind) {
      case "text":
        if (answer.status !== 204) response.setHeader("Content-Length", Buffer.byteLength(body.text))
        response.end(body.text)
        return
      case "chunks":
        return pump(body.chunks[Symbol.iterator](), response)
      case "stream": {
        response.flushHeaders()
        const stop = body.open({
          send: (text) => {
            if (response.writableLength < maxUnread) response.write(text)
          },
          end: () => response.end()
        })
        response.once("close", stop)
      }
    }
  }
}

/** As fast as the client reads. */
const pump = (chunks: Iterator<string>, response: http.ServerResponse): void => {
  while (!response.destroyed) {
    const next = chunks.next()
    if (next.done === true) {
      response.end()
      return
    }
    if (!response.write(next.value)) {
      response.once("drain", () => pump(chunks, response))
      return
    }
  }
}
