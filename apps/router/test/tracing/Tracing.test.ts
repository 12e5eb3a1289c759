import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { SpanExporter } from "../../src/tracing/SpanExporter.ts"
import { spanOf, traceparentOf, withTrace } from "../../src/tracing/TraceContext.ts"
import { httpBackend, request, startProxy, tableOf, until } from "../proxy/support/Bench.ts"

const trace = "0af7651916cd43dd8448eb211c80319c"
const parent = "b7ad6b7169203331"

describe("traceparent", () => {
  it("is continued as it is sampled, and what is malformed begins anew", () => {
    const span = spanOf(`00-${trace}-${parent}-01`, () => false)
    expect(span).toMatchObject({ trace, parent, sampled: true })
    expect(span.id).toMatch(/^[0-9a-f]{16}$/)
    expect(span.id).not.toBe(parent)
    expect(traceparentOf(span)).toBe(`00-${trace}-${span.id}-01`)
    expect(spanOf(`00-${trace}-${parent}-00`, () => true).sampled).toBe(false)
    const zero = "0".repeat(32)
    for (const wrong of ["", "x", `01-${trace}-${parent}-01`, `00-${zero}-${parent}-01`, `00-${trace}-${parent}`]) {
      const anew = spanOf(wrong, () => true)
      expect(anew).toMatchObject({ parent: null, sampled: true })
      expect(anew.trace).toMatch(/^[0-9a-f]{32}$/)
    }
  })

  it("takes the place of the one that came", () => {
    const span = { trace, id: parent, parent: null, sampled: false }
    const head = "GET / HTTP/1.1\r\nHost: s\r\nTraceparent: old\r\nX-Traceparent: kept\r\n\r\n"
    expect(withTrace(head, span)).toBe(
      `GET / HTTP/1.1\r\nHost: s\r\nX-Traceparent: kept\r\ntraceparent: 00-${trace}-${parent}-00\r\n\r\n`
    )
  })
})

/** A collector that keeps what it is sent. */
const collector = async () => {
  const bodies: Array<{ resourceSpans: Array<{ scopeSpans: Array<{ spans: Array<Record<string, unknown>> }> }> }> = []
  const backend = await httpBackend((req, res) => {
    let text = ""
    req.on("data", (bytes: Buffer) => (text += bytes.toString()))
    req.on("end", () => {
      bodies.push(JSON.parse(text))
      res.end("{}")
    })
  })
  const spans = () =>
    bodies.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans))
    )
  return { ...backend, spans, endpoint: `http://127.0.0.1:${backend.port}` }
}

const exporterTo = (endpoint: string, errors: Array<string> = []) =>
  new SpanExporter({ endpoint, node: "n1", version: "1", onError: (reason) => errors.push(reason) })

/** What the task was told, by request. */
const echo = () => httpBackend((req: http.IncomingMessage, res) => res.end(String(req.headers.traceparent)))

describe("traces", () => {
  it("are passed on untouched while they are off", async () => {
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: await echo() }] }]))
    const headers = { traceparent: `00-${trace}-${parent}-01` }
    expect((await request(port, "s", { headers })).body).toBe(headers.traceparent)
    expect((await request(port, "s")).body).toBe("undefined")
  })

  it("have the router as a part, exported where they are sampled", async () => {
    const { endpoint, spans } = await collector()
    const table = tableOf([{ name: "s", tasks: [{ task: "t", node: "n2", at: await echo() }] }])
    const { port } = await startProxy(table, { tracing: { exporter: exporterTo(endpoint), rate: 0 } })
    const headers = { traceparent: `00-${trace}-${parent}-01` }
    const told = (await request(port, "s", { headers, path: "/a?secret=1" })).body
    expect(told).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`))
    expect((await request(port, "s")).body).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    await until(() => spans().length === 1, "one span is exported")
    const [span] = spans()
    expect(span).toMatchObject({
      traceId: trace,
      parentSpanId: parent,
      spanId: told.split("-")[2],
      name: "GET",
      kind: 2
    })
    expect(span?.["attributes"]).toContainEqual({ key: "url.path", value: { stringValue: "/a" } })
    expect(span?.["attributes"]).toContainEqual({ key: "evenkeel.task", value: { stringValue: "t" } })
    expect(span?.["attributes"]).toContainEqual({ key: "http.response.status_code", value: { intValue: "200" } })
    expect(JSON.stringify(span)).not.toContain("secret")
    expect(BigInt(String(span?.["endTimeUnixNano"]))).toBeGreaterThanOrEqual(
      BigInt(String(span?.["startTimeUnixNano"]))
    )
  })

  it("that no collector takes are dropped, counted, and told of once; requests do not notice", async () => {
    const gone = await collector()
    await gone.stop()
    const errors: Array<string> = []
    const exporter = exporterTo(gone.endpoint, errors)
    const table = tableOf([{ name: "s", tasks: [{ task: "t", at: await echo() }] }])
    const { port, proxy } = await startProxy(table, { tracing: { exporter, rate: 1 } })
    expect((await request(port, "s")).status).toBe(200)
    await until(() => exporter.dropped === 1, "the first is dropped")
    expect((await request(port, "s")).status).toBe(200)
    await proxy.close({ deadlineMs: 0 })
    expect(exporter.dropped).toBe(2)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain("ECONNREFUSED")
  })
})
