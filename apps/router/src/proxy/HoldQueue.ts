/**
 * Requests that wait for an endpoint, first in, first out. A list linked through the requests themselves: one whose client
 * went away leaves without a search. What all queues may hold together is bounded by one budget.
 */
import type { Exchange } from "./Exchange.ts"

export class HoldBudget {
  requests = 0
  bytes = 0
  private readonly maxRequests: number
  private readonly maxBytes: number

  constructor(maxRequests: number, maxBytes: number) {
    this.maxRequests = maxRequests
    this.maxBytes = maxBytes
  }

  hasRoomFor(bytes: number): boolean {
    return this.requests < this.maxRequests && this.bytes + bytes <= this.maxBytes
  }
}

export class HoldQueue {
  length = 0
  private head: Exchange | null = null
  private tail: Exchange | null = null

  peek(): Exchange | null {
    return this.head
  }

  pushBack(exchange: Exchange): void {
    exchange.heldBefore = this.tail
    exchange.heldAfter = null
    if (this.tail === null) this.head = exchange
    else this.tail.heldAfter = exchange
    this.tail = exchange
    this.length++
  }

  /** For a request that had its turn and failed: it does not lose its place. */
  pushFront(exchange: Exchange): void {
    exchange.heldBefore = null
    exchange.heldAfter = this.head
    if (this.head === null) this.tail = exchange
    else this.head.heldBefore = exchange
    this.head = exchange
    this.length++
  }

  remove(exchange: Exchange): void {
    if (exchange.heldBefore === null) this.head = exchange.heldAfter
    else exchange.heldBefore.heldAfter = exchange.heldAfter
    if (exchange.heldAfter === null) this.tail = exchange.heldBefore
    else exchange.heldAfter.heldBefore = exchange.heldBefore
    exchange.heldBefore = null
    exchange.heldAfter = null
    this.length--
  }
}
