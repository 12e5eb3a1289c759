import { describe, expect, it } from "vitest"
import { afterFailure, type Failure, isIdempotent, RetryBudget } from "../../src/proxy/RetryPolicy.ts"

const failure: Failure = {
  written: true,
  repeatable: true,
  moved: false,
  staleReuse: false,
  hasWaited: false,
  retriesLeft: true,
  mayWait: false,
  takeFromBudget: () => true
}

describe("after a failure", () => {
  it.each<[string, Partial<Failure>, string]>([
    ["what may be sent again is", {}, "retry"],
    ["what may not is not", { repeatable: false }, "refuse"],
    ["not even when its node is suspect", { repeatable: false, moved: true }, "refuse"],
    ["unless nothing of it was written", { repeatable: false, written: false }, "retry"],
    ["a move counts against nothing", { moved: true, retriesLeft: false, takeFromBudget: () => false }, "move"],
    ["nor does a stale connection", { staleReuse: true, retriesLeft: false, takeFromBudget: () => false }, "fresh"],
    ["retries end", { retriesLeft: false }, "refuse"],
    ["even where requests may wait, for it may be the request", { retriesLeft: false, mayWait: true }, "refuse"],
    ["but what was never sent waits", { retriesLeft: false, mayWait: true, written: false }, "wait"],
    ["and goes on waiting, its retries kept", { written: false, hasWaited: true, mayWait: true }, "wait"],
    ["without a budget it is refused", { takeFromBudget: () => false }, "refuse"],
    ["or waits", { takeFromBudget: () => false, mayWait: true }, "wait"],
    ["what was never sent needs none", { takeFromBudget: () => false, written: false }, "retry"]
  ])("%s", (_, known, verdict) => expect(afterFailure({ ...failure, ...known })).toBe(verdict))

  it("only methods that RFC 9110 calls idempotent are", () => {
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) expect(isIdempotent(method)).toBe(true)
    for (const method of ["POST", "PATCH", "get", "PROPFIND", "TRACE"]) expect(isIdempotent(method)).toBe(false)
  })
})

describe("the budget of retries", () => {
  it("is a fifth of the requests and ten a second besides", () => {
    const budget = new RetryBudget()
    const takeAll = (now: number) => {
      let taken = 0
      while (budget.take(now)) taken++
      return taken
    }
    takeAll(0)
    expect(takeAll(0)).toBe(0)
    expect(takeAll(1_000)).toBe(10)
    for (let i = 0; i < 100; i++) budget.noteRequest()
    expect(takeAll(1_000)).toBeGreaterThanOrEqual(19)
    expect(takeAll(1_000)).toBe(0)
  })
})
