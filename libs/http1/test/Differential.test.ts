/**
 * Against Node's llhttp, in its strict mode: whatever is accepted here is accepted there, with the same messages and bodies.
 * Being stricter is no difference. Runs for seconds; EVENKEEL_FUZZ_MINUTES makes it run for that long, from a seed of its own.
 */
import { METHODS } from "node:http"
import { describe, expect, it } from "vitest"
import { requests, response, split } from "./fuzz/Grammar.ts"
import { readRequests, readResponse, type TheirReading } from "./fuzz/Llhttp.ts"
import { Random } from "./fuzz/Random.ts"
import { read, type Reading } from "./fuzz/Reading.ts"
import { keptSeeds } from "./fuzz/Seeds.ts"

const minutes = Number(process.env.EVENKEEL_FUZZ_MINUTES ?? 0)
const cases = 2_500

/** The seeds to try: those that once showed something, then a row of new ones. */
function* seeds(kind: keyof typeof keptSeeds): Generator<number> {
  yield* keptSeeds[kind]
  if (minutes === 0) for (let i = 0; i < cases; i++) yield i
  const until = performance.now() + minutes * 60_000
  for (let seed = (Date.now() % 1e9) | 0; performance.now() < until; seed++) yield seed
}

const known = new Set(METHODS)
const firstWord = (message: string): string => message.split(" ")[0] ?? ""

/**
 * What is wrong between the two, or null. Methods that llhttp does not know are no difference. Where bytes follow that
 * spoil the connection, Node's client may drop what it had of the body before anyone read it: then only statuses count.
 */
const difference = (kind: "request" | "response", ours: Reading, theirs: TheirReading): string | null => {
  const count = ours.messages.length
  if (kind === "request" && ours.messages.some((message) => !known.has(firstWord(message)))) return null
  const spoilt = kind === "response" && ours.end !== "clean" && theirs.error !== null
  const shown = (message: string | undefined) => (spoilt ? firstWord(message ?? "") : message)
  const same = ours.messages.every((message, i) => shown(message) === shown(theirs.messages[i]))
  if (!same) return "other messages"
  if (ours.end === "clean" && theirs.error !== null) return "refused there"
  if ((ours.end === "clean" || ours.end === "open") && theirs.messages.length !== count) return "more messages there"
  return null
}

const describeCase = (seed: number, bytes: Buffer, ours: Reading, theirs: TheirReading | Reading) =>
  `seed ${seed}: ${JSON.stringify(bytes.toString("latin1"))}\nours ${JSON.stringify(ours)}\ntheirs ${JSON.stringify(theirs)}`

describe.each(["request", "response"] as const)("%ss on the edge of the grammar", (kind) => {
  const make = kind === "request" ? requests : response
  const askThem = kind === "request" ? readRequests : readResponse

  it("are understood as llhttp understands them", { timeout: 60_000 + minutes * 60_000 }, async () => {
    let accepted = 0
    for (const seed of seeds(kind)) {
      const bytes = make(new Random(seed))
      const ours = read(kind, [bytes])
      if (ours.messages.length === 0) continue
      accepted++
      const theirs = await askThem(bytes)
      const wrong = difference(kind, ours, theirs)
      if (wrong !== null) expect.fail(`${wrong}: ${describeCase(seed, bytes, ours, theirs)}`)
    }
    // The grammar must not drift to where nothing is accepted any more.
    expect(accepted).toBeGreaterThan(200)
  })

  it("are understood the same in whatever pieces they come", { timeout: 60_000 + minutes * 60_000 }, () => {
    for (const seed of seeds(kind)) {
      const random = new Random(seed)
      const bytes = make(random)
      const whole = read(kind, [bytes])
      const inPieces = read(kind, split(random, bytes))
      if (JSON.stringify(whole) !== JSON.stringify(inPieces)) expect.fail(describeCase(seed, bytes, whole, inPieces))
    }
  })
})
