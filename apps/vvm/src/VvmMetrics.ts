/**
 * What a VVM counts of itself, and its text for Prometheus (exposition format 0.0.4). Endpoints are a fixed set of names, so
 * that no request can add a series.
 */
import type { VvmIdentity } from "./VvmOptions.ts"

const durationBucketsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const quoted = (value: string): string =>
  `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`

export class VvmMetrics {
  /** Requests whose response is not finished yet. */
  inFlight = 0
  /** Open server-sent event streams. */
  openSse = 0
  /** Open WebSockets. */
  openWebSockets = 0
  private readonly requests = new Map<string, number>()
  private readonly calls = new Map<string, number>()
  private readonly buckets = new Array<number>(durationBucketsS.length).fill(0)
  private durationSumS = 0
  private durationCount = 0
  private readonly identity: VvmIdentity

  constructor(identity: VvmIdentity) {
    this.identity = identity
  }

  /** Counts an ended request. `code` is the status that was sent, or 0 where the connection ended before a whole answer. */
  ended(endpoint: string, code: number, durationMs: number): void {
    const labels = `endpoint=${quoted(endpoint)},code="${code}"`
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1)
    const seconds = durationMs / 1000
    this.durationSumS += seconds
    this.durationCount++
    durationBucketsS.forEach((bound, index) => {
      if (seconds <= bound) this.buckets[index] = (this.buckets[index] ?? 0) + 1
    })
  }

  /** Counts a call to another VVM by how it ended. */
  called(outcome: "answered" | "failed" | "timed_out"): void {
    this.calls.set(outcome, (this.calls.get(outcome) ?? 0) + 1)
  }

  /** The text of `/metrics`. */
  render(state: { readonly healthy: boolean; readonly draining: boolean }): string {
    const { node, service, slot, task } = this.identity
    const lines: Array<string> = []
    const series = (name: string, type: string, about: string, rows: Iterable<readonly [string, number]>): void => {
      lines.push(`# HELP ${name} ${about}`, `# TYPE ${name} ${type}`)
      for (const [labels, value] of rows) lines.push(labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`)
    }
    const gauge = (name: string, about: string, value: number): void => series(name, "gauge", about, [["", value]])
    series("evenkeel_vvm_info", "gauge", "The task this VVM stands for.", [
      [`service=${quoted(service)},task=${quoted(task)},node=${quoted(node)},slot=${quoted(slot)}`, 1]
    ])
    series("evenkeel_vvm_requests_total", "counter", "Requests ended; code 0 is a broken connection.", this.requests)
    series(
      "evenkeel_vvm_calls_total",
      "counter",
      "Calls to other VVMs through the router.",
      [...this.calls].map(([outcome, count]) => [`outcome="${outcome}"`, count] as const)
    )
    gauge("evenkeel_vvm_requests_in_flight", "Requests not yet answered.", this.inFlight)
    series("evenkeel_vvm_streams_open", "gauge", "Open streams.", [
      ['kind="sse"', this.openSse],
      ['kind="websocket"', this.openWebSockets]
    ])
    gauge("evenkeel_vvm_healthy", "Whether /healthz answers 200.", state.healthy ? 1 : 0)
    gauge("evenkeel_vvm_draining", "Whether the VVM is stopping.", state.draining ? 1 : 0)
    gauge("evenkeel_vvm_resident_memory_bytes", "Resident memory of the process.", process.memoryUsage.rss())
    const duration = "evenkeel_vvm_request_duration_seconds"
    lines.push(`# HELP ${duration} From a request's head to the end of its response.`, `# TYPE ${duration} histogram`)
    durationBucketsS.forEach((bound, index) => lines.push(`${duration}_bucket{le="${bound}"} ${this.buckets[index]}`))
    lines.push(
      `${duration}_bucket{le="+Inf"} ${this.durationCount}`,
      `${duration}_sum ${this.durationSumS}`,
      `${duration}_count ${this.durationCount}`
    )
    return `${lines.join("\n")}\n`
  }
}
