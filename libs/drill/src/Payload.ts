/**
 * What each request of the load sends, and what its answer must be. Everything follows from kind and sequence number, so a
 * run can be repeated; bodies are made and hashed once, because hashing them per request would be the load's dearest part.
 */
import { hash } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"
import type { RequestTraffic } from "./LoadPlan.ts"

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
}

export interface Payload {
  readonly method: string
  readonly path: string
  /** The service that is waited for: the callee of a call, the host otherwise. */
  readonly service: string
  readonly body: Buffer | undefined
  /** Sent without a length, in pieces. */
  readonly chunked: boolean
  readonly expectedStatus: number
  /** What is wrong with an answer of the expected status; undefined where it is right. */
  readonly wrongWith: (answer: Answer) => string | undefined
}

interface Made {
  readonly body: Buffer
  readonly base64: string
  readonly hex: string
}

const kib = 1024

const make = (bytes: number): Made => {
  const body = Buffer.alloc(bytes)
  let state = (bytes * 2_654_435_761) >>> 0 || 1
  for (let index = 0; index < bytes; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    body[index] = state >>> 24
  }
  return { body, base64: hash("sha256", body, "base64"), hex: hash("sha256", body, "hex") }
}

/** Bodies of these sizes, in turn. */
const inTurn = (sizes: ReadonlyArray<number>): ((sequence: number) => Made) => {
  const made = sizes.map(make)
  const first = made[0] ?? make(0)
  return (sequence) => made[sequence % made.length] ?? first
}

const posts = inTurn([1, 100, 700, 1_460, 2_048, 4_096])
const puts = inTurn([0, 512, 4 * kib, 16 * kib, 40 * kib, 64 * kib])
const uploads = inTurn([64 * kib + 1, 100 * kib, 200 * kib, 300 * kib, 512 * kib])

/** 10 to 200 KiB, in an order without pattern. */
const downloadBytes = (sequence: number): number => 10 * kib + ((sequence * 104_729) % (190 * kib + 1))

const digestField = (field: unknown): string | undefined =>
  typeof field === "string" && field.startsWith("sha-256=") ? field.slice("sha-256=".length) : undefined

/** Compares a body with the digest its answer carries, in the head or in the trailer. */
const wrongDigest = ({ body, headers, trailers }: Answer): string | undefined => {
  const expected = digestField(headers["digest"]) ?? digestField(trailers["digest"])
  if (expected === undefined) return "the answer carries no digest"
  return hash("sha256", body, "base64") === expected ? undefined : `the digest does not match ${body.length} bytes`
}

/** Whether a service's full name, as its tasks tell it, is what the short name asked for. */
const isService = (fullName: unknown, asked: string): boolean =>
  typeof fullName === "string" && (fullName === asked || fullName.endsWith(`_${asked}`))

const wrongLength = (actual: number, expected: number): string | undefined =>
  actual === expected ? undefined : `${actual} bytes instead of ${expected}`

const jsonOf = (body: Buffer): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"))
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

const measured = (answer: Answer, sent: Made): string | undefined => {
  const { length, sha256 } = jsonOf(answer.body)
  if (length !== sent.body.length) return `the server got ${String(length)} bytes of ${sent.body.length}`
  return sha256 === sent.hex ? wrongDigest(answer) : "the server got other bytes than were sent"
}

/** The `sequence`-th request of a traffic. */
export const payloadOf = (traffic: RequestTraffic, sequence: number): Payload => {
  const answeredBy =
    (check: (answer: Answer) => string | undefined) =>
    (answer: Answer): string | undefined => {
      const by = answer.headers["vvm-service"]
      if (by === undefined) return "the answer names no service"
      if (traffic.names === "service" && !isService(by, traffic.host)) return `${String(by)} answered`
      return check(answer)
    }
  const plain = { service: traffic.host, body: undefined, chunked: false, expectedStatus: 200 }
  switch (traffic.kind) {
    case "get":
      return { ...plain, method: "GET", path: "/", wrongWith: answeredBy(wrongDigest) }
    case "get-body": {
      const bytes = downloadBytes(sequence)
      const path = `/bytes?n=${bytes}&seed=${sequence}${sequence % 2 === 1 ? "&chunked=1" : ""}`
      const check = (answer: Answer) => wrongLength(answer.body.length, bytes) ?? wrongDigest(answer)
      return { ...plain, method: "GET", path, wrongWith: answeredBy(check) }
    }
    case "head":
      return {
        ...plain,
        method: "HEAD",
        path: "/",
        wrongWith: answeredBy(({ headers }) =>
          Number(headers["content-length"]) > 0 ? undefined : "the answer tells no length"
        )
      }
    case "options":
      return {
        ...plain,
        method: "OPTIONS",
        path: "/",
        expectedStatus: 204,
        wrongWith: answeredBy(({ headers }) => (headers.allow === undefined ? "the answer has no Allow" : undefined))
      }
    case "delete":
      return {
        ...plain,
        method: "DELETE",
        path: "/echo",
        wrongWith: answeredBy(({ body }) => wrongLength(body.length, 0))
      }
    case "post": {
      const sent = posts(sequence)
      const check = ({ body }: Answer) =>
        wrongLength(body.length, sent.body.length) ??
        (hash("sha256", body, "base64") === sent.base64 ? undefined : "other bytes came back than were sent")
      return { ...plain, method: "POST", path: "/echo", body: sent.body, wrongWith: answeredBy(check) }
    }
    case "put": {
      const sent = puts(sequence)
      const wrongWith = answeredBy((answer) => measured(answer, sent))
      return { ...plain, method: "PUT", path: "/upload", body: sent.body, wrongWith }
    }
    case "upload": {
      const sent = uploads(sequence)
      const wrongWith = answeredBy((answer) => measured(answer, sent))
      const method = sequence % 2 === 0 ? "PUT" : "POST"
      return { ...plain, method, path: "/upload", body: sent.body, chunked: true, wrongWith }
    }
    case "call": {
      const callees = traffic.callees ?? []
      const callee = callees[sequence % Math.max(1, callees.length)] ?? traffic.host
      const check = (answer: Answer): string | undefined => {
        const called = jsonOf(answer.body)["answer"]
        const by = typeof called === "object" && called !== null && "service" in called ? called.service : undefined
        return isService(by, callee) ? wrongDigest(answer) : `${callee} was called, ${String(by)} answered`
      }
      const path = `/call?service=${encodeURIComponent(callee)}&path=/`
      return { ...plain, service: callee, method: "GET", path, wrongWith: answeredBy(check) }
    }
  }
}
