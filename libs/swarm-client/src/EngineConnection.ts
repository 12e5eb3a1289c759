/**
 * The wire to one engine, as text: a request goes out with its body byte for byte, an answer comes back with its status and
 * its text, unparsed. Knows nothing of Swarm, of API versions or of time-outs; `EngineCalls` does.
 *
 * The wire is dockerode's transport (docker-modem), used without dockerode's own methods: these parse answers and serialise
 * bodies, which loses numbers beyond 2^53 and with them restarts tasks. It is loaded when the layer is built, not before.
 */
import { readFile } from "node:fs/promises"
import * as Http from "node:http"
import * as Https from "node:https"
import { inspect } from "node:util"
import type Modem from "docker-modem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type EngineEndpoint, format } from "./EngineEndpoint.ts"
import { EndpointInvalid, EngineUnreachable } from "./EngineErrors.ts"

export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE"
  /** With the API version where one is wanted: `/v1.43/services`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** JSON text, sent as it is. */
  readonly body?: string
}

/** Status and the headers that are used; null where the engine sent none. */
export interface AnswerHead {
  readonly status: number
  /** `Api-Version`: the newest version the engine speaks, on every answer of dockerd. */
  readonly apiVersion: string | null
  /** `Server`: `Docker/20.10.24 (linux)`. */
  readonly server: string | null
}

export interface EngineAnswer extends AnswerHead {
  readonly text: string
}

export interface EngineStream extends AnswerHead {
  /** Ends when the engine ends the answer; fails when the connection breaks before. */
  readonly chunks: Stream.Stream<Uint8Array, EngineUnreachable>
}

export class EngineConnection extends Context.Tag("@evenkeel/swarm-client/EngineConnection")<
  EngineConnection,
  {
    /** As DOCKER_HOST would name it: for messages. */
    readonly endpoint: string
    /** One call; interruption aborts it. `heard` is called for the answer's head and for each piece of its body. */
    readonly send: (request: EngineRequest, heard?: () => void) => Effect.Effect<EngineAnswer, EngineUnreachable>
    /** An answer without end, on connections of its own; closing the scope closes it. */
    readonly open: (request: EngineRequest) => Effect.Effect<EngineStream, EngineUnreachable, Scope.Scope>
  }
>() {}

/** Every status is an answer here; docker-modem would turn the others into an error and lose their text. */
const everyStatus = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true]))

// docker-modem formats the whole of its options, agent with all its sockets included, for each request, whether or not its
// debug log is on: an agent that shows nothing keeps that cheap.
class QuietHttpAgent extends Http.Agent {
  [inspect.custom](): string {
    return "http.Agent"
  }
}
class QuietHttpsAgent extends Https.Agent {
  [inspect.custom](): string {
    return "https.Agent"
  }
}

const readPem = (endpoint: EngineEndpoint, path: string) =>
  Effect.tryPromise({
    try: () => readFile(path),
    catch: () =>
      new EndpointInvalid({
        endpoint: format(endpoint),
        reason: `${path} cannot be read: DOCKER_CERT_PATH must hold ca.pem, cert.pem and key.pem`
      })
  })

/** Every field is given, so that none is taken from the environment behind our back. */
const connectionOptions = Effect.fnUntraced(function* (endpoint: EngineEndpoint) {
  const unset = { timeout: undefined, connectionTimeout: undefined, ca: undefined, cert: undefined, key: undefined }
  if (endpoint.kind === "unix")
    return { ...unset, socketPath: endpoint.path, host: undefined, port: undefined, protocol: "http" as const }
  const address = { ...unset, socketPath: undefined, host: endpoint.host, port: endpoint.port }
  if (endpoint.tls === null) return { ...address, protocol: "http" as const }
  return {
    ...address,
    protocol: "https" as const,
    ca: yield* readPem(endpoint, endpoint.tls.ca),
    cert: yield* readPem(endpoint, endpoint.tls.cert),
    key: yield* readPem(endpoint, endpoint.tls.key)
  }
})

/** A fresh object each time: docker-modem writes into it. The query goes through its options: a `?` in the path loses a character. */
const dialOptions = (request: EngineRequest, abortSignal: AbortSignal): Modem.DialOptions => ({
  path: `${request.path}?`,
  method: request.method,
  options: { _query: { ...request.query } },
  ...(request.method === "POST"
    ? { file: Buffer.from(request.body ?? ""), headers: { "Content-Type": "application/json" } }
    : {}),
  isStream: true,
  statusCodes: everyStatus,
  abortSignal
})

const headOf = (response: Http.IncomingMessage): AnswerHead => {
  const header = (name: string): string | null => {
    const value = response.headers[name]
    return typeof value === "string" ? value : null
  }
  return { status: response.statusCode ?? 0, apiVersion: header("api-version"), server: header("server") }
}

/** Ends with the response as soon as its head is there. */
const dial = (modem: Modem, endpoint: string, request: EngineRequest, abort: AbortController) =>
  Effect.async<Http.IncomingMessage, EngineUnreachable>((resume) => {
    modem.dial(dialOptions(request, abort.signal), (error, response) => {
      if (error !== null) return resume(new EngineUnreachable({ endpoint, cause: error }))
      const message = response as Http.IncomingMessage
      // Whoever reads adds a listener of its own; this one keeps an abort between two readers from ending the process.
      message.on("error", () => {})
      resume(Effect.succeed(message))
    })
    return Effect.sync(() => abort.abort())
  })

const collect = (response: Http.IncomingMessage, endpoint: string, heard: () => void) =>
  Effect.async<string, EngineUnreachable>((resume) => {
    const chunks: Array<Buffer> = []
    const fail = (cause: unknown) => resume(new EngineUnreachable({ endpoint, cause }))
    heard()
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk)
      heard()
    })
    response.on("error", fail)
    response.on("close", () => fail(new Error("the connection closed before the answer was complete")))
    response.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
    return Effect.sync(() => response.destroy())
  })

const chunksOf = (response: Http.IncomingMessage, endpoint: string) =>
  Stream.asyncPush<Uint8Array, EngineUnreachable>(
    (emit) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          response.on("error", (cause) => emit.fail(new EngineUnreachable({ endpoint, cause })))
          response.on("end", () => emit.end())
          response.on("close", () => {
            if (!response.complete)
              emit.fail(new EngineUnreachable({ endpoint, cause: new Error("the connection closed") }))
            else emit.end()
          })
          response.on("data", (chunk: Buffer) => emit.single(chunk))
        }),
        () => Effect.sync(() => response.destroy())
      ),
    { bufferSize: "unbounded" }
  )

const make = Effect.fn("EngineConnection.make")(function* (endpoint: EngineEndpoint) {
  const name = format(endpoint)
  const options = yield* connectionOptions(endpoint)
  const { default: ModemClass } = yield* Effect.promise(() => import("docker-modem"))
  const build = Effect.gen(function* () {
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() =>
        options.protocol === "https"
          ? new QuietHttpsAgent({ keepAlive: true })
          : new QuietHttpAgent({ keepAlive: true })
      ),
      (agent) => Effect.sync(() => agent.destroy())
    )
    return yield* Effect.try({
      try: () => new ModemClass({ ...options, agent }),
      // It reads the environment's variables before it looks at the options, and throws if they make no sense.
      catch: (cause) => new EndpointInvalid({ endpoint: name, reason: cause instanceof Error ? cause.message : "" })
    })
  })
  const calls = yield* build
  const streams = yield* build

  const send = (request: EngineRequest, heard = (): void => {}): Effect.Effect<EngineAnswer, EngineUnreachable> =>
    Effect.suspend(() => {
      const abort = new AbortController()
      return Effect.flatMap(dial(calls, name, request, abort), (response) =>
        Effect.map(collect(response, name, heard), (text) => ({ ...headOf(response), text }))
      ).pipe(Effect.onInterrupt(() => Effect.sync(() => abort.abort())))
    })

  const open = (request: EngineRequest): Effect.Effect<EngineStream, EngineUnreachable, Scope.Scope> =>
    Effect.gen(function* () {
      const abort = yield* Effect.acquireRelease(
        Effect.sync(() => new AbortController()),
        (abort) => Effect.sync(() => abort.abort())
      )
      const response = yield* dial(streams, name, request, abort)
      return { ...headOf(response), chunks: chunksOf(response, name) }
    })

  return EngineConnection.of({ endpoint: name, send, open })
})

/** Fails with EndpointInvalid when TLS files cannot be read; connects to nothing before the first call. */
export const layer = (endpoint: EngineEndpoint): Layer.Layer<EngineConnection, EndpointInvalid> =>
  Layer.scoped(EngineConnection, make(endpoint))
