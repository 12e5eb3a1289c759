/**
 * One stream of the load, from its opening to its one end: server-sent events, or a WebSocket whose messages must come back in
 * order. Decides how it ended; opening another is `StreamKeeper`'s.
 */
import * as http from "node:http"
import { WebSocket } from "ws"
import type { StreamTraffic } from "./LoadPlan.ts"
import type { Target } from "./TargetPool.ts"

/**
 * - `completed`: held for as long as was meant;
 * - `ended-by-server`: the task said good-bye (an event `bye`, a close with 1001 or 1012), as one that stops should;
 * - `broken`: cut, or silent for too long;
 * - `refused`: never opened.
 */
export type StreamEnd = "completed" | "ended-by-server" | "broken" | "refused"

export interface StreamEvents {
  /** The first event or greeting came, from a task on `node`. */
  readonly opened: (node: string) => void
  readonly message: () => void
  /** An event or echo that is not the expected one. */
  readonly wrong: (detail: string) => void
  /** Called once. */
  readonly ended: (how: StreamEnd, detail: string) => void
}

/** Ends the stream as `completed`. */
export type EndStream = () => void

export const openStream = (
  traffic: StreamTraffic,
  target: Target,
  silenceMs: number,
  events: StreamEvents
): EndStream =>
  traffic.kind === "sse"
    ? openSse(traffic, target, silenceMs, events)
    : openWebSocket(traffic, target, silenceMs, events)

/** What both kinds share: one end, and a watch on silence. */
const watched = (silenceMs: number, events: StreamEvents, cut: () => void) => {
  let opened = false
  let ended = false
  const end = (how: StreamEnd, detail: string): void => {
    if (ended) return
    ended = true
    clearTimeout(silence)
    cut()
    events.ended(how === "broken" && !opened ? "refused" : how, detail)
  }
  const silence = setTimeout(() => end("broken", `silent for ${silenceMs} ms`), silenceMs)
  return {
    end,
    isOver: (): boolean => ended,
    heard: (): void => void silence.refresh(),
    open: (node: string): void => {
      if (opened) return
      opened = true
      events.opened(node)
    }
  }
}

const openSse = (
  { everyMs, holdMs, host }: StreamTraffic,
  target: Target,
  silenceMs: number,
  events: StreamEvents
): EndStream => {
  const count = Math.max(1, Math.round(holdMs / everyMs))
  const request = http.request({
    host: target.host,
    port: target.port,
    agent: false,
    path: `/sse?every=${everyMs}ms&count=${count}`,
    headers: { host, accept: "text/event-stream" }
  })
  const stream = watched(silenceMs, events, () => request.destroy())
  request.on("error", (error) => stream.end("broken", error.message))
  request.once("response", (response) => {
    if (response.statusCode !== 200) {
      stream.end("refused", `status ${response.statusCode}`)
      return
    }
    const node = response.headers["vvm-node"]
    let expected = 1
    let saidGoodbye = false
    let rest = ""
    const take = (block: string): void => {
      if (block.startsWith("event: bye")) saidGoodbye = true
      const id = /^id: (\d+)$/m.exec(block)?.[1]
      if (id === undefined) return
      stream.open(typeof node === "string" ? node : "")
      if (Number(id) === expected) events.message()
      else events.wrong(`event ${id} came where ${expected} was due`)
      expected = Number(id) + 1
    }
    response.on("data", (chunk: Buffer) => {
      stream.heard()
      const blocks = (rest + chunk.toString("latin1")).split("\n\n")
      rest = blocks.pop() ?? ""
      blocks.forEach(take)
    })
    response.on("error", (error) => stream.end("broken", error.message))
    response.once("close", () => {
      if (response.complete && expected > count) stream.end("completed", "")
      else if (response.complete && saidGoodbye) stream.end("ended-by-server", "the task is stopping")
      else stream.end("broken", `ended after ${expected - 1} of ${count} events`)
    })
  })
  request.end()
  return () => stream.end("completed", "")
}

const openWebSocket = (
  { everyMs, holdMs, host }: StreamTraffic,
  target: Target,
  silenceMs: number,
  events: StreamEvents
): EndStream => {
  const socket = new WebSocket(`ws://${target.host}:${target.port}/ws`, {
    headers: { host },
    perMessageDeflate: false
  })
  let sender: NodeJS.Timeout | undefined
  let hold: NodeJS.Timeout | undefined
  const stream = watched(Math.max(silenceMs, 3 * everyMs), events, () => {
    clearInterval(sender)
    clearTimeout(hold)
    // The close handshake needs the peer: what is broken is cut.
    if (socket.readyState === WebSocket.OPEN) socket.close(1000)
    else socket.terminate()
    const cut = setTimeout(() => socket.terminate(), 1_000)
    socket.once("close", () => clearTimeout(cut))
  })
  let greeted = false
  let sent = 0
  let echoed = 0
  const greet = (text: string): void => {
    greeted = true
    const node = /"node":"([^"]*)"/.exec(text)?.[1]
    stream.open(node ?? "")
    sender = setInterval(() => socket.send(`message ${++sent}`), everyMs)
    hold = setTimeout(() => stream.end("completed", ""), holdMs)
  }
  socket.on("message", (data) => {
    if (stream.isOver()) return
    stream.heard()
    const text = String(data)
    if (!greeted) return greet(text)
    if (text === `message ${echoed + 1}`) events.message()
    else events.wrong(`"${text.slice(0, 40)}" came back where message ${echoed + 1} was due`)
    echoed++
  })
  socket.on("error", (error) => stream.end("broken", error.message))
  socket.on("close", (code) => {
    const goodbye = code === 1001 || code === 1012
    stream.end(goodbye ? "ended-by-server" : "broken", `closed with ${code}`)
  })
  return () => stream.end("completed", "")
}
