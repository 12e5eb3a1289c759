/**
 * Asks a node that leaves requests unanswered whether it is still there: by connections to its endpoints, which the system
 * answers however busy the task is. So a slow task is not taken for a dead node, and a dead node is found without waiting for
 * a request's own time-out. Decides only that nothing answers there any more; what follows is `Ejection`'s.
 */
import * as net from "node:net"
import type { Endpoint } from "./Endpoint.ts"

/** So long requests are under way without any answer of the node before it is asked. */
const quietMs = 300
/** A node that was there is asked again after this, then after twice as long each time, as long as it answers no request. */
const firstPauseMs = 500
const longestPauseMs = 8_000
/** Endpoints asked at once; as many must leave a connection unanswered, unless the node has fewer. */
const askedAtOnce = 2

interface Question {
  readonly socket: net.Socket
  readonly begunAt: number
}

const isThere = ({ local, state }: Endpoint): boolean => !local && state !== "gone"

export class NodeQuestions {
  private readonly open = new Map<Endpoint, Question>()
  /** The first look at which requests were under way and no answer had come since the look before; null: none are. */
  private quietSince: number | null = null
  /** The system of the node has answered a question. */
  private answered = false
  private trustedUntil = 0
  private pauseMs = firstPauseMs

  /**
   * To be called with every tick. `answeredAt`: when the node last answered a request; `unheardMs`: how long a connection may
   * stay unanswered. Returns whether nothing answers there.
   */
  look(endpoints: ReadonlySet<Endpoint>, answeredAt: number, now: number, unheardMs: number): boolean {
    if (!isWaitedFor(endpoints)) {
      this.quietSince = null
      this.end()
      return false
    }
    if (this.quietSince === null || answeredAt >= this.quietSince) {
      this.quietSince = now
      this.pauseMs = firstPauseMs
      this.end()
      return false
    }
    if (this.answered) {
      this.end()
      this.trustedUntil = now + this.pauseMs
      this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs)
    }
    if (now < this.trustedUntil || now - this.quietSince < quietMs) return false
    this.ask(endpoints, now)
    return this.nobodyAnswers(endpoints, now, unheardMs)
  }

  /** Asks no more. */
  end(): void {
    this.answered = false
    if (this.open.size === 0) return
    for (const { socket } of this.open.values()) socket.destroy()
    this.open.clear()
  }

  /** Those first that requests wait for. */
  private ask(endpoints: ReadonlySet<Endpoint>, now: number): void {
    for (const wanted of [true, false])
      for (const endpoint of endpoints) {
        if (this.open.size >= askedAtOnce) return
        if (isThere(endpoint) && endpoint.outstanding > 0 === wanted && !this.open.has(endpoint))
          this.open.set(endpoint, { socket: this.connect(endpoint), begunAt: now })
      }
  }

  private connect({ address, port }: Endpoint): net.Socket {
    const socket = net.connect({ host: address, port })
    const answers = (): void => {
      if (!socket.destroyed) this.answered = true
      socket.destroy()
    }
    socket.unref()
    socket.once("connect", answers)
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED" || code === "ECONNRESET") this.answered = true
    })
    return socket
  }

  private nobodyAnswers(endpoints: ReadonlySet<Endpoint>, now: number, unheardMs: number): boolean {
    let there = 0
    let unheard = 0
    let longest = 0
    for (const endpoint of endpoints) {
      if (!isThere(endpoint)) continue
      there++
      const waits = now - this.oldestAttempt(endpoint, now)
      if (waits < unheardMs) continue
      unheard++
      longest = Math.max(longest, waits - endpoint.service.connectMillis)
    }
    // An only endpoint has nobody to bear it out: it gets the time that its service allows a connection.
    return there < askedAtOnce ? unheard > 0 && longest >= 0 : unheard >= askedAtOnce
  }

  /** When the oldest connection to `endpoint` was begun that the system has not answered; now if there is none. */
  private oldestAttempt(endpoint: Endpoint, now: number): number {
    let oldest = this.open.get(endpoint)?.begunAt ?? now
    if (endpoint.outstanding === 0) return oldest
    // Once the system has answered, a handshake of TLS is the task's affair.
    for (const { begunAt, socket } of endpoint.open) if (socket.connecting && begunAt < oldest) oldest = begunAt
    return oldest
  }
}

const isWaitedFor = (endpoints: ReadonlySet<Endpoint>): boolean => {
  for (const endpoint of endpoints) if (endpoint.outstanding > 0 && isThere(endpoint)) return true
  return false
}
