/**
 * One active check of one task: a connection of its own, a request, and the status of the answer. Over at the first line of the
 * answer, at any failure, or when it is given up; its time-out is the caller's.
 */
import type { HealthCheck } from "@evenkeel/domain/HealthCheck"
import type { Socket } from "node:net"
import type { Endpoint } from "../proxy/Endpoint.ts"
import type { UpstreamTls } from "../tls/UpstreamTls.ts"

/** Longer than any status line that is worth reading. */
const maxLineBytes = 1_024

export interface ProbeResult {
  readonly good: boolean
  /** `status-503`, or the system's word for why there was no answer. */
  readonly cause: string
}

export class HealthProbe {
  private readonly socket: Socket
  private readonly onResult: (result: ProbeResult) => void
  private text = ""
  private cause = "closed"
  private isOver = false

  constructor(
    endpoint: Endpoint,
    check: HealthCheck,
    connections: UpstreamTls,
    onResult: (result: ProbeResult) => void
  ) {
    this.onResult = onResult
    const socket = connections.open(endpoint)
    this.socket = socket
    const request =
      `${check.method} ${check.path} HTTP/1.1\r\nHost: ${endpoint.service.name}\r\n` +
      "User-Agent: evenkeel-router\r\nConnection: close\r\n\r\n"
    socket.once(endpoint.service.scheme === "https" ? "secureConnect" : "connect", () => socket.write(request))
    socket.on("data", (bytes: Buffer) => this.read(bytes))
    socket.on("error", (error: NodeJS.ErrnoException) => (this.cause = error.code ?? "error"))
    socket.on("end", () => socket.destroy())
    socket.on("close", () => this.end({ good: false, cause: this.cause }))
  }

  /** Ends it without a result. */
  abandon(): void {
    this.isOver = true
    this.socket.destroy()
  }

  private read(bytes: Buffer): void {
    this.text += bytes.toString("latin1", 0, maxLineBytes)
    const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(this.text)?.[1]
    if (status !== undefined) {
      const good = status >= "200" && status < "400"
      this.end({ good, cause: `status-${status}` })
    } else if (this.text.length >= maxLineBytes || this.text.includes("\n")) {
      this.end({ good: false, cause: "not-http" })
    }
  }

  private end(result: ProbeResult): void {
    if (this.isOver) return
    this.isOver = true
    this.socket.destroy()
    this.onResult(result)
  }
}
