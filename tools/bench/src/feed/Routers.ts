/** Routers as light as they get: each follows the feed and notes which version it has; none decodes a table. */
import * as Protocol from "@evenkeel/feed/FeedProtocol"
import { NodeId } from "@evenkeel/domain/Ids"
import { WebSocket } from "ws"

interface Waiting {
  readonly sequence: number
  left: number
  readonly done: () => void
}

export class Routers {
  readonly count: number
  tables = 0
  deltas = 0
  bytes = 0
  /** Connections that ended by themselves. */
  lost = 0
  private readonly sockets: ReadonlyArray<WebSocket>
  private readonly held: Array<number>
  private waiting: Waiting | null = null
  private stopped = false

  constructor(url: string, count: number) {
    this.count = count
    this.held = Array.from({ length: count }, () => 0)
    this.sockets = this.held.map((_, router) => this.subscribe(url, router))
  }

  private subscribe(url: string, router: number): WebSocket {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    const node = NodeId.make(`node-${router}`)
    socket.on("open", () =>
      socket.send(Protocol.encodeClientMessage({ type: "hello", ...Protocol.ownProtocols, node }))
    )
    socket.on("error", () => undefined)
    socket.on("close", () => void (this.stopped || this.lost++))
    socket.on("message", (bytes: Buffer) => this.take(router, bytes))
    return socket
  }

  private take(router: number, bytes: Buffer): void {
    const start = bytes.toString("latin1", 0, 300)
    if (start.startsWith('{"type":"table"')) this.tables++
    else if (start.startsWith('{"type":"delta"')) this.deltas++
    else return
    this.bytes += bytes.length
    const sequence = Number(/"sequence":(\d+)/.exec(start)?.[1])
    this.held[router] = sequence
    if (this.waiting === null || sequence !== this.waiting.sequence || --this.waiting.left > 0) return
    this.waiting.done()
    this.waiting = null
  }

  /** Resolves when every router has this version; ask before it is sent. Rejects after a minute. */
  allHave(sequence: number): Promise<void> {
    const left = this.held.filter((held) => held < sequence).length
    if (left === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.waiting?.left ?? 0} routers did not get version ${sequence} within a minute`)),
        60_000
      )
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.waiting = { sequence, left, done }
    })
  }

  stop(): void {
    this.stopped = true
    for (const socket of this.sockets) socket.terminate()
  }
}
