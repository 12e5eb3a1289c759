/** RFC 9110 §7.6.2: OPTIONS goes as far as Max-Forwards allows; other methods do not mind it. */
import { describe, expect, it } from "vitest"
import { RawClient, scriptedBackend, startProxy, tableOf } from "./support/Bench.ts"

const start = async () => {
  const backend = await scriptedBackend(() => "HTTP/1.1 204 No Content\r\n\r\n")
  const { port } = await startProxy(tableOf([{ name: "web", tasks: [{ task: "t", at: backend }] }]))
  const ask = (method: string, hops: string) =>
    new RawClient(port).send(`${method} / HTTP/1.1\r\nHost: web\r\nMax-Forwards: ${hops}\r\n\r\n`).receives("\r\n\r\n")
  return { ask, heads: backend.heads }
}

describe("Max-Forwards", () => {
  it("of OPTIONS is counted down", async () => {
    const { ask, heads } = await start()
    expect(await ask("OPTIONS", "3")).toMatch(/^HTTP\/1\.1 204 /)
    expect(heads[0]).toContain("\r\nMax-Forwards: 2\r\n")
  })

  it("of OPTIONS at nought is answered here", async () => {
    const { ask, heads } = await start()
    const answer = await ask("OPTIONS", "0")
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain("\r\nAllow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n")
    expect(heads).toEqual([])
  })

  it("of other methods, or where it is no number, is passed on as it is", async () => {
    const { ask, heads } = await start()
    await ask("GET", "0")
    await ask("OPTIONS", "soon")
    expect(heads.map((head) => /Max-Forwards: (\S+)/.exec(head)?.[1])).toEqual(["0", "soon"])
  })
})
