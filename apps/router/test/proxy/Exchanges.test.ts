/**
 * Whole exchanges through the router to servers of four makes: each request arrives once, with its method and its body, and its answer
 * comes back as it was sent, in its turn; or the request has a clean error of the router's or the server's own and was not changed on its
 * way. EVENKEEL_FUZZ_MINUTES makes it go on, for each make, from a seed of its own, which is told when something is found.
 */
import * as net from "node:net"
import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { httpBackend, startProxy, tableOf } from "./support/Bench.ts"
import { answerFor, type Asked, exchangeCase, type ExchangeCase } from "./support/Exchanges.ts"
import { type Read, readResponse } from "./support/ResponseReader.ts"
import { fuzzMinutes, seeds } from "./support/Seeds.ts"
import { inFront, isInstalled, makes } from "./support/Servers.ts"

// HAProxy 2.6.12 itself, asked without the router too, now and then ends a chunked answer early after a `100 Continue`: it is not
// told to expect one.

/** Seeds that once showed something. */
const kept: ReadonlyArray<number> = []
const cases = 150
const together = 8
const answerWithinMs = 30_000

interface Seen {
  readonly method: string
  readonly body: Buffer
}

/** Answers as it is asked to, and remembers what it was asked. */
const backendOf = async () => {
  const seen = new Map<string, Array<Seen>>()
  const backend = await httpBackend((request, response) => {
    const path = request.url ?? ""
    const pieces: Array<Buffer> = []
    request.on("data", (piece: Buffer) => pieces.push(piece))
    request.on("error", () => response.destroy())
    request.on("end", () => {
      const all = seen.get(path) ?? []
      seen.set(path, [...all, { method: request.method ?? "", body: Buffer.concat(pieces) }])
      const { body, framing, status } = answerFor(path)
      response.statusCode = status
      if (framing === "length" && status !== 204 && status !== 304) response.setHeader("Content-Length", body.length)
      if (framing === "close") {
        response.useChunkedEncodingByDefault = false
        response.shouldKeepAlive = false
      }
      const half = body.length >> 1
      if (framing === "chunked" && half > 0) response.write(body.subarray(0, half))
      response.end(framing === "chunked" && half > 0 ? body.subarray(half) : body)
    })
  })
  return { backend, seen }
}

/** Sends the case's bytes in its pieces and reads the answers; the list ends early when the connection does. */
const play = async (port: number, { cuts, pipelined, requests }: ExchangeCase): Promise<ReadonlyArray<Read>> => {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true })
  let received = Buffer.alloc(0)
  let ended = false
  let wake = (): void => undefined
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    wake()
  })
  socket.on("error", () => undefined)
  socket.on("close", () => {
    ended = true
    wake()
  })
  const send = async ({ bytes }: Asked, sizes: ReadonlyArray<number>) => {
    let at = 0
    for (const size of sizes) {
      if (at >= bytes.length || ended) return
      socket.write(bytes.subarray(at, at + size))
      at += size
      await turn()
    }
    if (!ended) socket.write(bytes.subarray(at))
  }
  const answers: Array<Read> = []
  let at = 0
  const next = async (request: Asked): Promise<boolean> => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      wake()
    }, answerWithinMs)
    try {
      for (;;) {
        // Of a head that is refused nobody reads the method.
        const read = readResponse(received, at, request.flawed ? "GET" : request.method, ended)
        if (read !== null) {
          answers.push(read)
          at = read.end
          return true
        }
        if (ended) return false
        if (late) throw new Error(`no answer to ${request.method} ${request.path}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      clearTimeout(timer)
    }
  }
  if (pipelined) for (const [i, request] of requests.entries()) await send(request, cuts[i] ?? [])
  for (const [i, request] of requests.entries()) {
    if (!pipelined) await send(request, cuts[i] ?? [])
    if (!(await next(request))) break
  }
  if (!ended && at < received.length) throw new Error(`${received.length - at} bytes that nobody asked for`)
  socket.destroy()
  return answers
}

const closes = (read: Read): boolean =>
  /\r\nconnection: *close\r\n/i.test(read.head) || !/\r\n(content-length|transfer-encoding):/i.test(read.head)

/** What is wrong with what came of a case; empty if nothing is. */
const faultsOf = (
  { requests }: ExchangeCase,
  answers: ReadonlyArray<Read>,
  seen: ReadonlyMap<string, ReadonlyArray<Seen>>
): ReadonlyArray<string> => {
  const firstFlaw = requests.findIndex(({ flawed }) => flawed)
  return requests.flatMap((request, i) => {
    const name = `request ${i} (${request.method} ${request.path})`
    const arrived = seen.get(request.path) ?? []
    const answer = answers[i]
    const faults: Array<string> = []
    if (firstFlaw !== -1 && i >= firstFlaw) {
      if (arrived.length > 0) faults.push(`${name} arrived though ${firstFlaw} is no valid request`)
      if (i > firstFlaw && answer !== undefined) faults.push(`${name} is answered after one that is not valid`)
      // Without an answer only where the connection had ended before.
      if (i === firstFlaw && answer !== undefined && (answer.status < 400 || !closes(answer)))
        faults.push(`${name} is answered ${answer.status} though it is not valid`)
      return faults
    }
    if (arrived.some(({ body, method }) => method !== request.method || !body.equals(request.body)))
      faults.push(`${name} was changed on its way`)
    if (answer === undefined) {
      const last = answers.at(-1)
      // Not answered since the connection ended, as the answer before it said.
      if (last === undefined || !closes(last)) faults.push(`${name} has no answer`)
      if (arrived.length > 1) faults.push(`${name} arrived ${arrived.length} times`)
      return faults
    }
    const isErrorOfItsOwn = answer.status >= 400 && arrived.length === 0
    if (isErrorOfItsOwn) return faults
    if (arrived.length !== 1) faults.push(`${name} arrived ${arrived.length} times`)
    if (answer.status !== request.status) faults.push(`${name} is answered ${answer.status}`)
    else if (!answer.body.equals(request.answer))
      faults.push(`${name}: ${answer.body.length} bytes for ${request.answer.length}, or others`)
    return faults
  })
}

describe.each(makes)("exchanges with %s", (make) => {
  it.skipIf(!isInstalled(make))(
    "arrive once and unchanged, and so do their answers",
    { timeout: 120_000 + fuzzMinutes * 60_000 },
    async () => {
      const { backend, seen } = await backendOf()
      const at = await inFront(make, backend)
      const { port } = await startProxy(tableOf([{ name: "web", tasks: [{ task: "t", at }] }]))
      const all = seeds(kept, cases)
      let sent = 0
      let answered = 0
      const work = async () => {
        for (const seed of all) {
          const one = exchangeCase(seed, make !== "haproxy")
          const answers = await play(port, one).catch((error: Error) => expect.fail(`seed ${seed}: ${error.message}`))
          const faults = faultsOf(one, answers, seen)
          if (faults.length > 0) expect.fail(`seed ${seed}: ${faults.join("; ")}`)
          sent += one.requests.length
          answered += one.requests.filter(({ status }, i) => answers[i]?.status === status).length
          for (const { path } of one.requests) seen.delete(path)
        }
      }
      await Promise.all(Array.from({ length: together }, work))
      expect(seen.size, "requests that nobody sent").toBe(0)
      // The cases must not drift to where most are refused, or cut off by an answer that ends the connection.
      expect(answered).toBeGreaterThan(sent * 0.6)
    }
  )
})
