import { describe, expect, it } from "vitest"
import * as BrakeSettings from "../../src/brakes/BrakeSettings.ts"
import * as Consent from "../../src/brakes/Consent.ts"
import { moveOf, now } from "./Situation.ts"

const refusalOf = (answer: Consent.Answer | null) => Consent.refusalOf(moveOf("a"), answer, BrakeSettings.defaults, now)

describe("what the consent hook's answer means", () => {
  it.each<[string, Consent.Answer]>([
    ["200", { status: 200, body: "" }],
    ["204 without a body", { status: 204, body: "" }],
    ["200 with words of its own", { status: 200, body: "fine by me" }],
    ["200 with another verdict", { status: 200, body: '{"verdict": "go"}' }]
  ])("%s: go", (_, answer) => {
    expect(refusalOf(answer)).toBeNull()
  })

  it.each<[string, Consent.Answer | null, RegExp, number]>([
    ["409", { status: 409, body: "" }, /said not now/, 60_000],
    ["409 with a time", { status: 409, body: '{"retryAfter": 5}' }, /said not now/, 5_000],
    ["200 with the verdict", { status: 200, body: '{"verdict":"not-now","retryAfter":2.5}' }, /said not now/, 2_500],
    ["a reason", { status: 409, body: '{"reason": "the queue is full"}' }, /not now: the queue is full/, 60_000],
    ["500", { status: 500, body: "oops" }, /answered with status 500/, 60_000],
    ["a redirect", { status: 302, body: "" }, /status 302/, 60_000],
    ["no answer in time", null, /no answer in time/, 60_000],
    ["a time without measure", { status: 409, body: '{"retryAfter": 1e12}' }, /not now/, 86_400_000]
  ])("%s: not now", (_, answer, reason, waitMillis) => {
    const refusal = refusalOf(answer)
    expect(refusal?.reason).toMatch(reason)
    expect(refusal?.untilMillis).toBe(now + waitMillis)
  })

  it("refusals are kept one a service, until their time", () => {
    const first = refusalOf(null)
    if (first === null) throw new Error("a refusal")
    const other = { ...first, service: moveOf("b").service }
    const kept = Consent.withRefusal(Consent.withRefusal([first], other, now), { ...first, reason: "again" }, now)
    expect(kept.map(({ reason, service }) => `${service} ${reason}`)).toEqual([`b ${other.reason}`, "a again"])
    expect(Consent.withRefusal(kept, null, first.untilMillis)).toEqual([])
  })
})
