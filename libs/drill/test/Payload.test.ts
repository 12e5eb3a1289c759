import { hash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { requestKinds } from "../src/LoadPlan.ts"
import { type Answer, payloadOf } from "../src/Payload.ts"
import { traffic } from "./TestServer.ts"

const answer = (body: Buffer | string, changes: Partial<Answer> = {}): Answer => ({
  status: 200,
  headers: { "vvm-service": "p2p_vvm1", digest: `sha-256=${hash("sha256", body, "base64")}` },
  trailers: {},
  body: Buffer.from(body),
  ...changes
})

describe("payloadOf", () => {
  it("stays within the sizes of each kind", () => {
    for (let sequence = 0; sequence < 50; sequence++) {
      const bytes = (kind: "post" | "put" | "upload") => payloadOf(traffic(kind), sequence).body?.length ?? -1
      expect(bytes("post")).toBeLessThanOrEqual(4_096)
      expect(bytes("put")).toBeLessThanOrEqual(65_536)
      expect(bytes("upload")).toBeGreaterThan(65_536)
      const asked = Number(/n=(\d+)/.exec(payloadOf(traffic("get-body"), sequence).path)?.[1])
      expect(asked).toBeGreaterThanOrEqual(10 * 1024)
      expect(asked).toBeLessThanOrEqual(200 * 1024)
    }
  })

  it("asks for the same again for the same sequence number", () => {
    for (const kind of requestKinds) {
      const [one, two] = [payloadOf(traffic(kind), 17), payloadOf(traffic(kind), 17)]
      expect([one.method, one.path, one.service, one.chunked]).toEqual([two.method, two.path, two.service, two.chunked])
      expect(one.body?.equals(two.body ?? Buffer.from("none")) ?? two.body).toBe(
        one.body === undefined ? undefined : true
      )
    }
  })

  it("finds a body that is not the one its digest tells", () => {
    const { wrongWith } = payloadOf(traffic("get"), 0)
    const good = answer("body")
    expect(wrongWith(good)).toBeUndefined()
    expect(wrongWith({ ...good, body: Buffer.from("bodY") })).toContain("digest does not match")
    expect(wrongWith(answer("body", { headers: { "vvm-service": "p2p_vvm1" } }))).toContain("no digest")
    expect(wrongWith(answer("body", { headers: {} }))).toContain("names no service")
  })

  it("finds a digest in the trailer", () => {
    const { path, wrongWith } = payloadOf(traffic("get-body"), 1)
    const body = Buffer.alloc(Number(/n=(\d+)/.exec(path)?.[1]))
    const headers = { "vvm-service": "p2p_vvm1" }
    const trailers = { digest: `sha-256=${hash("sha256", body, "base64")}` }
    expect(path).toContain("chunked=1")
    expect(wrongWith(answer(body, { headers, trailers }))).toBeUndefined()
    expect(wrongWith(answer(body.subarray(1)))).toMatch(/bytes instead of/)
  })

  it("finds another service behind a service's name", () => {
    const named = payloadOf({ kind: "get", host: "vvm1", names: "service", ratePerS: 1 }, 0)
    expect(named.wrongWith(answer("x"))).toBeUndefined()
    const headers = { ...answer("x").headers, "vvm-service": "p2p_vvm11" }
    expect(named.wrongWith(answer("x", { headers }))).toBe("p2p_vvm11 answered")
  })

  it("finds other bytes than were sent", () => {
    const post = payloadOf(traffic("post"), 3)
    expect(post.wrongWith(answer(post.body ?? ""))).toBeUndefined()
    expect(post.wrongWith(answer(Buffer.alloc(post.body?.length ?? 0)))).toContain("other bytes")
    expect(post.wrongWith(answer("short"))).toContain("5 bytes instead of")
    const put = payloadOf(traffic("put"), 2)
    const told = (length: number, body: Buffer) =>
      answer(JSON.stringify({ length, sha256: hash("sha256", body, "hex") }))
    expect(put.wrongWith(told(4_096, put.body ?? Buffer.alloc(0)))).toBeUndefined()
    expect(put.wrongWith(told(4_096, Buffer.alloc(4_096)))).toContain("other bytes")
    expect(put.wrongWith(told(4_095, put.body ?? Buffer.alloc(0)))).toContain("4095 bytes of 4096")
  })

  it("calls each callee in turn, and finds another that answers", () => {
    expect([0, 1, 2].map((sequence) => payloadOf(traffic("call"), sequence).service)).toEqual(["vvm2", "vvm3", "vvm2"])
    const { wrongWith } = payloadOf(traffic("call"), 0)
    expect(wrongWith(answer(JSON.stringify({ answer: { service: "p2p_vvm2" } })))).toBeUndefined()
    expect(wrongWith(answer(JSON.stringify({ answer: { service: "p2p_vvm3" } })))).toContain("p2p_vvm3 answered")
    expect(wrongWith(answer("no JSON"))).toContain("undefined answered")
  })
})
