/**
 * A program: GET requests at a fixed rate whatever the answers take. `node LatencyProgram.ts PORT RATE SECONDS CONNECTIONS`
 * prints a JSON line with quantiles and how many were not answered with 200. Requests are due at whole milliseconds; a
 * request's time counts from when it was due, so that a proxy that stalls pays for all who wait meanwhile. Where no connection
 * is free the request waits for one.
 */
import * as net from "node:net"
import { of as quantile } from "../Quantile.ts"

const [port = 0, rate = 0, seconds = 0, connections = 0] = process.argv.slice(2).map(Number)
const head = "GET /100 HTTP/1.1\r\nHost: bench\r\n\r\n"
const bodyBytes = 100

interface Line {
  readonly socket: net.Socket
  dueAt: number
  text: string
}

const free: Array<Line> = []
const waiting: Array<number> = []
const times: Array<number> = []
/** By how much this program was late itself: that is in the times too. */
const late: Array<number> = []

const send = (line: Line, dueAt: number): void => {
  line.dueAt = dueAt
  line.text = ""
  line.socket.write(head, "latin1")
}

const onData = (line: Line, bytes: Buffer): void => {
  line.text += bytes.toString("latin1")
  const end = line.text.indexOf("\r\n\r\n")
  if (end === -1 || line.text.length < end + 4 + bodyBytes) return
  if (line.text.startsWith("HTTP/1.1 200 ")) times.push(performance.now() - line.dueAt)
  const next = waiting.shift()
  if (next === undefined) free.push(line)
  else send(line, next)
}

const open = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true })
    const line: Line = { socket, dueAt: 0, text: "" }
    socket.once("connect", () => {
      free.push(line)
      resolve()
    })
    socket.on("data", (bytes: Buffer) => onData(line, bytes))
    socket.on("error", reject)
  })

await Promise.all(Array.from({ length: connections }, open))
const startedAt = performance.now()
let sent = 0
const tick = (): void => {
  const now = performance.now()
  const elapsedMs = Math.floor(now - startedAt)
  const due = Math.floor((elapsedMs * rate) / 1_000)
  while (sent < due) {
    // The whole millisecond in which it became due.
    const dueAt = startedAt + Math.ceil(((sent + 1) * 1_000) / rate)
    sent++
    late.push(Math.max(0, now - dueAt))
    const line = free.pop()
    if (line === undefined) waiting.push(dueAt)
    else send(line, dueAt)
  }
  if (elapsedMs < seconds * 1_000) setTimeout(tick, 1)
  else setTimeout(finish, 500)
}

const finish = (): void => {
  const result = {
    failed: sent - times.length,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    lateP99Ms: quantile(late, 0.99)
  }
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}
tick()
