/**
 * Requests at a fixed rate whatever became of the ones before, and what became of each. A request is lost when it is GET,
 * HEAD, PUT, DELETE or OPTIONS with a body of at most 64 KiB, no byte of its response was received, and it failed. Other
 * failures are counted apart.
 */
import * as http from "node:http"
import * as Quantile from "../Quantile.ts"

export interface Counts {
  sent: number
  ok: number
  lost: number
  /** Failures that are no loss: of POST, or in the middle of a response. */
  apart: number
  /** Tries beyond the first, as the router tells. */
  retried: number
  /** Connections that one address refused, whose requests went to the other. */
  refused: number
}

interface Kind {
  readonly method: string
  readonly body: Buffer | null
}

const small = Buffer.alloc(1_024, "b")
const large = Buffer.alloc(65_536, "B")
/** Of twenty requests. */
const mix: ReadonlyArray<Kind> = [
  ...Array.from({ length: 11 }, () => ({ method: "GET", body: null })),
  { method: "HEAD", body: null },
  { method: "OPTIONS", body: null },
  { method: "DELETE", body: null },
  { method: "PUT", body: small },
  { method: "PUT", body: small },
  { method: "PUT", body: small },
  { method: "PUT", body: large },
  { method: "POST", body: small },
  { method: "POST", body: small }
]
const timeoutMs = 15_000
const connections = 256

export class Load {
  readonly counts: Counts = { sent: 0, ok: 0, lost: 0, apart: 0, retried: 0, refused: 0 }
  /** When each request was due and how long it took, in milliseconds. */
  readonly times: Array<readonly [dueAt: number, took: number]> = []
  /** The first failures, in words. */
  readonly failures: Array<string> = []
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  private readonly ports: ReadonlyArray<number>
  private readonly rate: number
  private readonly startedAt = performance.now()
  private timer: NodeJS.Timeout | null = null
  private underWay = 0
  private onIdle: (() => void) | null = null

  /** Starts at once; `rate` in requests a second. With several ports a request goes to one after another. */
  constructor(ports: number | ReadonlyArray<number>, rate: number) {
    this.ports = typeof ports === "number" ? [ports] : ports
    this.rate = rate
    this.tick()
  }

  private tick(): void {
    const due = Math.floor(((performance.now() - this.startedAt) * this.rate) / 1_000)
    while (this.counts.sent < due) this.send()
    this.timer = setTimeout(() => this.tick(), 2)
  }

  private send(): void {
    const number = this.counts.sent++
    const dueAt = this.startedAt + (number * 1_000) / this.rate
    const kind = mix[number % mix.length]
    if (kind === undefined) return
    const id = String(number)
    this.underWay++
    this.attempt(kind, id, dueAt, this.ports.length - 1)
  }

  /** `others`: addresses that are left to ask where this one refuses the connection. */
  private attempt(kind: Kind, id: string, dueAt: number, others: number): void {
    const headers: http.OutgoingHttpHeaders = { host: "web", "request-id": id }
    if (kind.body !== null) headers["content-length"] = kind.body.length
    let answered = false
    let settled = false
    const settle = (problem: string | null): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      // A refused connection took nothing: whoever knows another address asks there.
      if (problem === "ECONNREFUSED" && others > 0) {
        this.counts.refused++
        return this.attempt(kind, id, dueAt, others - 1)
      }
      this.settle(kind, dueAt, answered, problem)
    }
    const request = http.request({
      port: this.ports[(Number(id) + others) % this.ports.length] ?? 0,
      host: "127.0.0.1",
      agent: this.agent,
      method: kind.method,
      path: `/${id}`,
      headers
    })
    const timer = setTimeout(() => {
      settle("no whole answer in time")
      request.destroy()
    }, timeoutMs)
    request.on("error", (error: NodeJS.ErrnoException) => {
      const problem = error.code ?? error.message
      // Which of the two it was tells an idle connection that was closed from a port that was left.
      settle(request.reusedSocket ? `${problem} on a kept connection` : problem)
    })
    request.on("response", (response) => {
      const reason = response.headers["evenkeel-reason"]
      // An answer of the router's own is no answer of the task's.
      answered = reason === undefined
      if (response.headers["evenkeel-tries"] !== undefined) this.counts.retried++
      let bytes = 0
      response.on("data", (piece: Buffer) => (bytes += piece.length))
      response.on("error", (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
      response.on("end", () => {
        const wanted = kind.method === "HEAD" ? 0 : (kind.body?.length ?? 0)
        const right = response.statusCode === 200 && response.headers["request-id"] === id && bytes === wanted
        settle(right ? null : `status ${response.statusCode} ${String(reason ?? "")}, ${bytes} bytes`)
      })
    })
    request.end(kind.body ?? undefined)
  }

  private settle(kind: Kind, dueAt: number, answered: boolean, problem: string | null): void {
    this.times.push([dueAt, performance.now() - dueAt])
    if (problem === null) this.counts.ok++
    else {
      const lost = kind.method !== "POST" && !answered
      if (lost) this.counts.lost++
      else this.counts.apart++
      const at = ((dueAt - this.startedAt) / 1_000).toFixed(2)
      if (this.failures.length < 20) this.failures.push(`${kind.method} at ${at} s: ${problem}${lost ? " (lost)" : ""}`)
    }
    if (--this.underWay === 0) this.onIdle?.()
  }

  /** Sends no more, and resolves when every request has ended. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer)
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.onIdle = resolve))
    this.agent.destroy()
  }
}

/** The quantile `q` of the times of requests due from `from` to `to`; NaN of none. */
export const quantileOf = (
  times: ReadonlyArray<readonly [dueAt: number, took: number]>,
  q: number,
  from: number,
  to: number
): number =>
  Quantile.of(
    times.flatMap(([dueAt, took]) => (dueAt >= from && dueAt < to ? [took] : [])),
    q
  )

const spanMs = 250

/**
 * Milliseconds from `at` until the p99 of every later quarter of a second in which requests were due stays below `boundMs`; null
 * when it never does.
 */
export const backToNormalMs = (
  times: ReadonlyArray<readonly [dueAt: number, took: number]>,
  at: number,
  boundMs: number
): number | null => {
  const last = times.reduce((latest, [dueAt]) => Math.max(latest, dueAt), at)
  let normalFrom: number | null = null
  for (let from = at; from < last; from += spanMs) {
    const p99 = quantileOf(times, 0.99, from, from + spanMs)
    if (Number.isNaN(p99)) continue
    if (p99 <= boundMs) normalFrom ??= from
    else normalFrom = null
  }
  return normalFrom === null ? null : normalFrom - at
}
