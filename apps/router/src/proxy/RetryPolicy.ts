/**
 * Which requests may be sent again, and how often (RFC 9110 §9.2.2; the budget is Finagle's RetryBudget). A request of which
 * nothing was written may always go elsewhere; any other only if its method is idempotent and its body still at hand.
 */

const idempotentMethods = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])

export const isIdempotent = (method: string): boolean => idempotentMethods.has(method)

/** What is known of a request whose endpoint failed it before the first byte of a response. */
export interface Failure {
  /** Bytes of the request had been given to the connection. */
  readonly written: boolean
  /** Idempotent, and the whole of what was sent is still at hand. */
  readonly repeatable: boolean
  /** Nothing failed: the node became suspect, or the endpoint went away. */
  readonly moved: boolean
  /** A pooled connection was closed by the endpoint just as it was taken. */
  readonly staleReuse: boolean
  /** The request has waited for an endpoint before. */
  readonly hasWaited: boolean
  readonly retriesLeft: boolean
  readonly mayWait: boolean
  /** Asked only when it decides. */
  readonly takeFromBudget: () => boolean
}

/**
 * `move` and `fresh` (on a connection of its own) count against nothing: the first is no failure, the second cannot repeat.
 * Nor does `wait`. A request of which nothing was written needs no budget: nobody has had work from it.
 */
export const afterFailure = (failure: Failure): "move" | "fresh" | "retry" | "wait" | "refuse" => {
  if (failure.written && !failure.repeatable) return "refuse"
  if (failure.moved) return "move"
  if (failure.staleReuse) return "fresh"
  if (!failure.written && failure.hasWaited) return "wait"
  if (failure.retriesLeft && (!failure.written || failure.takeFromBudget())) return "retry"
  return failure.mayWait && (failure.retriesLeft || !failure.written) ? "wait" : "refuse"
}

const share = 0.2
const perSecond = 10
/** Ten seconds' worth of the minimum, plus what requests have paid in. */
const capacity = 200

/** Retries may be a fifth of the requests, and ten a second besides. */
export class RetryBudget {
  private tokens = capacity / 2
  private filledAt = 0

  noteRequest(): void {
    if (this.tokens < capacity) this.tokens += share
  }

  take(now: number): boolean {
    this.tokens = Math.min(capacity, this.tokens + ((now - this.filledAt) / 1_000) * perSecond)
    this.filledAt = now
    if (this.tokens < 1) return false
    this.tokens -= 1
    return true
  }
}
