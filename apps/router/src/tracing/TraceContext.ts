/**
 * The trace that a request belongs to (W3C Trace Context, level 1): reading `traceparent`, and writing the one that is passed
 * on, in which this router is the parent. A field that is not of the known form begins a new trace.
 */
import { randomBytes } from "node:crypto"

/** A router's part of a trace. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly trace: string
  /** 16 hexadecimal digits. */
  readonly id: string
  /** Whose part it is within; null where the trace begins here. */
  readonly parent: string | null
  /** Whether it is exported. */
  readonly sampled: boolean
}

const known = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

const sampledFlag = 1
const allZero = /^0+$/

/** `begins`: whether a trace that begins here is sampled; one that comes in says so itself. */
export const spanOf = (traceparent: string, begins: () => boolean): Span => {
  const match = known.exec(traceparent)
  const [, trace = "", parent = "", flags = "00"] = match ?? []
  const id = randomBytes(8).toString("hex")
  if (match === null || allZero.test(trace) || allZero.test(parent))
    return { trace: randomBytes(16).toString("hex"), id, parent: null, sampled: begins() }
  return { trace, id, parent, sampled: (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag }
}

/** The field's value for the next hop. */
export const traceparentOf = ({ id, sampled, trace }: Span): string => `00-${trace}-${id}-${sampled ? "01" : "00"}`

/** A request's head as it is sent on, with this router as the parent in place of what came. */
export const withTrace = (head: string, span: Span): string => {
  const end = head.length - 2
  return `${head.slice(0, end).replace(/^traceparent:.*\r\n/gim, "")}traceparent: ${traceparentOf(span)}\r\n\r\n`
}
