/**
 * The time that one request has from its head to the end of its response, waiting and further tries included: what its service allows
 * (`evenkeel.timeout total`) or what its caller says, the shorter. The task is told what is left. When it has passed, the request ends
 * with 504, or, if its response has begun, with the connection. A request without a deadline has none of this.
 *
 * Callers say it by `X-Request-Timeout-Ms` (milliseconds) or `Grpc-Timeout` (gRPC over HTTP/2, "Timeout"). It is believed of anyone:
 * it can only shorten what the service allows.
 */
import { FieldKind } from "@evenkeel/http1/FieldKind"
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { Exchange } from "./Exchange.ts"
import { unpark } from "./Holding.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { Target } from "./Target.ts"
import type { TimedEntry } from "./TimerWheel.ts"

const grpcUnitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }
/** `Grpc-Timeout` has eight digits. */
const longestGrpcMs = 99_999_999

/** The milliseconds of a field's value; Infinity where it is no time. */
const millisOf = (kind: number | undefined, value: string): number => {
  if (kind === FieldKind.requestTimeout) return /^\d{1,12}$/.test(value) ? Number(value) : Infinity
  const match = /^(\d{1,8})([HMSmun])$/.exec(value)
  return match === null ? Infinity : Number(match[1]) * (grpcUnitMs[match[2] ?? ""] ?? Infinity)
}

/** How long the caller gives the request, in milliseconds; Infinity where it does not say. */
export const callersTimeMs = ({ fields }: RequestHead): number => {
  let least = Infinity
  for (let i = 0; i < fields.count; i++) {
    const kind = fields.kind[i]
    if (kind === FieldKind.requestTimeout || kind === FieldKind.grpcTimeout)
      least = Math.min(least, millisOf(kind, fields.value(i)))
  }
  return least
}

const speaksGrpc = ({ fields }: RequestHead): boolean => fields.first(FieldKind.grpcTimeout) !== undefined

export class Deadline implements TimedEntry {
  /** Of the timer wheel. */
  deadline = Infinity
  wheelTick = -1
  /** When the time is over (monotonic ms); Infinity where the request has no deadline. */
  at = Infinity
  private grpc = false
  private readonly context: ProxyContext
  private readonly exchange: Exchange

  constructor(context: ProxyContext, exchange: Exchange) {
    this.context = context
    this.exchange = exchange
  }

  begin(at: number, head: RequestHead): void {
    const { wheel } = this.context
    this.at = at
    this.grpc = speaksGrpc(head)
    wheel.schedule(this, at - wheel.coarseNow)
  }

  end(): void {
    if (this.at === Infinity) return
    this.at = Infinity
    this.context.wheel.cancel(this)
  }

  /** `head`, which ends with an empty line, with what is left at `now`. */
  tell(head: string, now: number): string {
    if (this.at === Infinity) return head
    const left = Math.max(1, Math.floor(this.at - now))
    const grpc = this.grpc ? `Grpc-Timeout: ${Math.min(left, longestGrpcMs)}m\r\n` : ""
    return `${head.slice(0, -2)}X-Request-Timeout-Ms: ${left}\r\n${grpc}\r\n`
  }

  onDeadline(): void {
    this.expire()
  }

  /** The time is over. */
  expire(): void {
    const { exchange } = this
    if (this.at === Infinity || exchange.over) return
    this.at = Infinity
    if (exchange.parked) unpark(this.context, exchange)
    if (exchange.connection !== null) exchange.letGoOf(exchange.connection)
    if (!exchange.responded) return exchange.refuse("deadline")
    exchange.breakOff("deadline")
  }
}

/**
 * Sets the deadline of the request just parsed, if it has one. Returns false where its time is over already: it has been answered then.
 */
export const beginDeadline = (
  context: ProxyContext,
  exchange: Exchange,
  head: RequestHead,
  target: Target
): boolean => {
  const { totalMillis } = target
  const time = Math.min(callersTimeMs(head), totalMillis === 0 ? Infinity : totalMillis)
  if (time === Infinity) return true
  exchange.deadline ??= new Deadline(context, exchange)
  exchange.deadline.begin(exchange.startedAt + time, head)
  if (time > 0) return true
  exchange.target = target
  exchange.deadline.expire()
  return false
}
