/**
 * Other projects' vectors. They lie beside the repository, not in it: without them these tests say that they were left out.
 */
import { describe, expect, it } from "vitest"
import { exists, guardianCases, guardianFolder, llhttpCases, llhttpFolder } from "./support/Corpora.ts"
import { bytes, rejectionOf, understand } from "./support/Messages.ts"

describe.skipIf(!exists(llhttpFolder))("llhttp's vectors (left out where ../shared/corpora/llhttp is absent)", () => {
  for (const kind of ["request", "response"] as const) {
    const cases = exists(llhttpFolder) ? llhttpCases(kind) : []
    it(`are read: ${kind}`, () => expect(cases.length).toBeGreaterThan(kind === "request" ? 80 : 40))

    it(`whatever is a whole ${kind} here is one there, and as many of them`, () => {
      for (const { name, input, error, completed } of cases) {
        const { messages, end } = understand(kind, [bytes(input)])
        if (end !== "clean" || messages.length === 0) continue
        // After an upgrade or the connection's last message llhttp stops; and it knows a fixed set of methods. No
        // disagreement about bytes.
        if (error !== null && /Pause on|Data after|Invalid method/.test(error)) continue
        expect([name, error, completed]).toEqual([name, null, messages.length])
      }
    })
  }

  it("with a Host added are accepted where llhttp accepts them, but for what is refused on purpose", () => {
    const refused = llhttpCases("request")
      .filter(({ error }) => error === null)
      .map(({ name, input, completed }) => ({
        name,
        completed,
        result: understand("request", [bytes(withHost(input))])
      }))
      .filter(({ result, completed }) => result.messages.length !== completed)
      .map(({ name, result }) => `${name}: ${result.end}`)
    expect(refused.sort()).toMatchSnapshot()
  })
})

/** Every head without a Host gets one. */
const withHost = (input: string): string =>
  input.replace(/^([A-Z-]+ [^\r\n]* HTTP\/1\.[01]\r\n)((?:[^\r\n]+\r\n)*)/gm, (all, line: string, fields: string) =>
    /^host:/im.test(fields) ? all : `${line}Host: h\r\n${fields}`
  )

describe.skipIf(!exists(guardianFolder))(
  "http-desync-guardian's vectors (left out where ../shared/corpora/http-desync-guardian is absent)",
  () => {
    const cases = exists(guardianFolder) ? guardianCases() : []
    it("are read", () => expect(cases.length).toBeGreaterThan(150))

    it("are refused where the body's end is in doubt or worse", () => {
      const let_through = cases
        .filter(({ tier }) => tier === "Severe" || tier === "Ambiguous")
        .filter(({ request }) => rejectionOf(request) === null)
        .map(({ name, tier }) => `${tier}: ${name}`)
      expect(let_through.sort()).toMatchSnapshot()
    })

    it("are accepted where they are compliant", () => {
      const refused = cases
        .filter(({ tier }) => tier === "Compliant")
        .filter(({ request }) => rejectionOf(request) !== null)
        .map(({ name, request }) => `${name}: ${rejectionOf(request)}`)
      expect(refused.sort()).toMatchSnapshot()
    })
  }
)
