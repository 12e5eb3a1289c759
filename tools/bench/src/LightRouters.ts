/**
 * Routers as light as they get: each follows the feed of one rebalancer and notes which version it has; none decodes a table,
 * and none comes back once it was cut off.
 */
import * as Protocol from "@evenkeel/feed/FeedProtocol"
import { NodeId } from "@evenkeel/domain/Ids"
import { WebSocket } from "ws"

interface Waiting {
  readonly sequence: number
  /** Routers that have an older one. */
  left: number
  readonly done: () => void
}

/** Then a version does not come any more. */
const waitMs = 60_000

export class LightRouters {
  readonly count: number
  tables = 0
  deltas = 0
  bytes = 0
  private readonly sockets: ReadonlyArray<WebSocket>
  private readonly held: Array<number>
  private readonly waiting = new Set<Waiting>()

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
    const before = this.held[router] ?? 0
    this.held[router] = sequence
    for (const one of this.waiting)
      if (before < one.sequence && sequence >= one.sequence && --one.left === 0) one.done()
  }

  /**
   * Resolves when every router has this version or a later one, to the time at which the last of them got it (epoch
   * milliseconds); 0 where all have it already. Rejects after a minute.
   */
  allHave(sequence: number): Promise<number> {
    const left = this.held.filter((held) => held < sequence).length
    if (left === 0) return Promise.resolve(0)
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.waiting.delete(one)
        reject(new Error(`${one.left} routers did not get version ${sequence} within ${waitMs / 1_000} s`))
      }, waitMs)
      const done = (): void => {
        clearTimeout(late)
        this.waiting.delete(one)
        resolve(Date.now())
      }
      const one: Waiting = { sequence, left, done }
      this.waiting.add(one)
    })
  }

  stop(): void {
    for (const socket of this.sockets) socket.terminate()
  }
}
