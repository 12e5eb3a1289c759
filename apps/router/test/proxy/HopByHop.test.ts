import { describe, expect, it } from "vitest"
import { RawClient, scriptedBackend, startProxy, tableOf } from "./support/Bench.ts"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const through = async (answer: string, request: string) => {
  const backend = await scriptedBackend(() => answer)
  const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t1", at: backend }] }]))
  const text = await new RawClient(port).send(request).receives(/\r\n\r\nok/)
  return { sent: backend.heads[0] ?? "", answer: text }
}

describe("fields of one hop", () => {
  it("are dropped from requests, those that Connection names too", async () => {
    const { sent } = await through(
      ok,
      "GET / HTTP/1.1\r\nHost: s\r\nConnection: keep-alive, X-Secret, x-other\r\nX-Secret: 1\r\nX-Kept: 2\r\nx-Other: 3\r\n" +
        "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTE: gzip\r\n\r\n"
    )
    expect(sent).toContain("X-Kept: 2\r\n")
    expect(sent).not.toMatch(/secret|other|keep-alive|upgrade|^te:|^connection/im)
  })

  it("cannot be used to drop what frames or routes the request", async () => {
    const { sent } = await through(
      ok,
      "GET / HTTP/1.1\r\nHost: s\r\nConnection: host, content-length, via, x-forwarded-for\r\n\r\n"
    )
    expect(sent).toContain("Host: s\r\n")
    expect(sent).toContain("X-Forwarded-For: 127.0.0.1\r\n")
  })

  it("keep TE: trailers, renewed for the next hop", async () => {
    const { sent } = await through(ok, "GET / HTTP/1.1\r\nHost: s\r\nTE: gzip, trailers\r\nConnection: TE\r\n\r\n")
    expect(sent).toContain("Connection: TE\r\nTE: trailers\r\n")
  })

  it("are dropped from responses", async () => {
    const { answer } = await through(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=9\r\nX-Kept: 2\r\n\r\nok",
      "GET / HTTP/1.1\r\nHost: s\r\n\r\n"
    )
    expect(answer).toContain("X-Kept: 2\r\n")
    expect(answer).not.toMatch(/x-mine|keep-alive|^connection/im)
  })

  it("leave order, case and repetition of the other fields as they were", async () => {
    const { sent, answer } = await through(
      "HTTP/1.1 200 Fine Thanks\r\nset-cookie: a=1\r\nX-A: 1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\nDate: today\r\n\r\nok",
      "GET / HTTP/1.1\r\nhost: s\r\ncOOkie: a\r\nX-B:2\r\ncookie: b\r\n\r\n"
    )
    expect(sent.startsWith("GET / HTTP/1.1\r\nhost: s\r\ncOOkie: a\r\nX-B:2\r\ncookie: b\r\n")).toBe(true)
    expect(answer).toBe(
      "HTTP/1.1 200 Fine Thanks\r\nset-cookie: a=1\r\nX-A: 1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\nDate: today\r\n\r\nok"
    )
  })

  it("get a Date where the endpoint sent none", async () => {
    const { answer } = await through(ok, "GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    expect(answer).toMatch(/\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/)
  })
})
