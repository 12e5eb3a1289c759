/**
 * Calls from one VVM to another through the router of its own node: service-to-service traffic. Decides how an answer is
 * wrapped. A request that was sent is never repeated, because what a caller without retries sees is the point of it; one that
 * found no router (its name not known yet, its port closed) is not sent yet and asks again.
 */
import * as http from "node:http"
import { routerLookup } from "./RouterLookup.ts"
import type { VvmMetrics } from "./VvmMetrics.ts"
import type { VvmIdentity } from "./VvmOptions.ts"

/** The largest answer that is passed on. */
const largestAnswer = 1024 * 1024
/** A router that cannot be reached is asked again after this, for as long as that. */
const routerRetryMs = 250
const routerPatienceMs = 20_000
/** Failures of finding or reaching the router, before a byte of the request was sent. */
const notSent = new Set(["ENOTFOUND", "EAI_AGAIN", "ETIMEOUT", "ESERVFAIL", "ENODATA", "ECONNREFUSED", "EHOSTUNREACH"])
/** How many calls may follow from one: a VVM that is made to call itself must stop somewhere. */
const deepestCall = 5

/** What a call came to: the status to answer with, and the body. */
export interface CallAnswer {
  readonly status: number
  readonly body: {
    readonly via: VvmIdentity
    /** The callee's answer: its JSON value, or its text where it is no JSON. */
    readonly answer?: unknown
    /** Why there is no answer. */
    readonly error?: string
    /** The router's reason for a refusal (`Evenkeel-Reason`). */
    readonly reason?: string
  }
}

export interface CallRequest {
  readonly service: string
  readonly path: string
  /** How many calls led to this one. */
  readonly depth: number
  readonly traceparent?: string | undefined
}

export class Calls {
  // Routers keep idle connections for 75 s: dropping them much earlier means that none is closed under a new request.
  private readonly agent = new http.Agent({ keepAlive: true, timeout: 20_000, lookup: routerLookup() })
  private readonly identity: VvmIdentity
  private readonly metrics: VvmMetrics
  private readonly routerUrl: URL | undefined
  private readonly timeoutMs: number

  constructor(options: {
    readonly identity: VvmIdentity
    readonly metrics: VvmMetrics
    readonly routerUrl: URL | undefined
    readonly timeoutMs: number
  }) {
    this.identity = options.identity
    this.metrics = options.metrics
    this.routerUrl = options.routerUrl
    this.timeoutMs = options.timeoutMs
  }

  /** Calls `path` of `service`; the callee's status is the answer's status. Ends early when `signal` aborts. */
  call(request: CallRequest, signal: AbortSignal): Promise<CallAnswer> {
    const refuse = (status: number, error: string): Promise<CallAnswer> =>
      Promise.resolve({ status, body: { via: this.identity, error } })
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(request.service)) {
      return refuse(400, "service: expected a service's name, as in /call?service=vvm3&path=/")
    }
    if (!/^\/[\x21-\x7e]*$/.test(request.path)) return refuse(400, "path: expected a path that begins with /")
    if (request.depth >= deepestCall) return refuse(508, `calls nest deeper than ${deepestCall}`)
    if (this.routerUrl === undefined) {
      return refuse(501, "no router to call through; set EVENKEEL_ROUTER_URL, e.g. http://router:8080")
    }
    return this.send(request, this.routerUrl, signal, performance.now() + routerPatienceMs)
  }

  /** Ends the connections to the router. */
  close(): void {
    this.agent.destroy()
  }

  private send(request: CallRequest, routerUrl: URL, signal: AbortSignal, patientUntil: number): Promise<CallAnswer> {
    return new Promise((resolve) => {
      const via = this.identity
      const fail = (error: NodeJS.ErrnoException): void => {
        clearTimeout(timer)
        if (notSent.has(error.code ?? "") && !signal.aborted && performance.now() < patientUntil) {
          setTimeout(() => resolve(this.send(request, routerUrl, signal, patientUntil)), routerRetryMs)
          return
        }
        this.metrics.called(timedOut ? "timed_out" : "failed")
        const why = timedOut ? `no answer within ${this.timeoutMs} ms` : error.message || error.name
        resolve({ status: timedOut ? 504 : 502, body: { via, error: `calling ${request.service}: ${why}` } })
      }
      let timedOut = false
      const outgoing = http.request({
        agent: this.agent,
        hostname: routerUrl.hostname,
        port: routerUrl.port === "" ? 80 : routerUrl.port,
        path: request.path,
        signal,
        headers: {
          host: request.service,
          accept: "application/json",
          "vvm-depth": String(request.depth + 1),
          ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent })
        }
      })
      const timer = setTimeout(() => {
        timedOut = true
        outgoing.destroy()
      }, this.timeoutMs)
      outgoing.once("error", fail)
      outgoing.once("response", (incoming) => {
        const chunks: Array<Buffer> = []
        let length = 0
        incoming.on("data", (chunk: Buffer) => {
          chunks.push(chunk)
          length += chunk.length
          if (length > largestAnswer) incoming.destroy(new Error(`the answer is larger than ${largestAnswer} bytes`))
        })
        incoming.once("error", fail)
        incoming.once("end", () => {
          clearTimeout(timer)
          this.metrics.called("answered")
          const reason = incoming.headers["evenkeel-reason"]
          const answer = valueOf(Buffer.concat(chunks).toString("utf8"))
          const status = incoming.statusCode ?? 502
          resolve({ status, body: { via, answer, ...(typeof reason === "string" ? { reason } : {}) } })
        })
      })
      outgoing.end()
    })
  }
}

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
