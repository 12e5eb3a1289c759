import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, request, startProxy, tableOf, until } from "./support/Bench.ts"
import { randomOf } from "./support/Seeds.ts"

// Slow tasks and clients that leave are what is tried here: the times are theirs, and nothing waits for them.

describe("hedging, where tasks are slow, refuse, break off, and clients leave", () => {
  it("gives each client that waits one whole answer, and leaves nothing under way", { timeout: 60_000 }, async () => {
    const below = randomOf(7)
    const trouble = () =>
      httpBackend((req, res) => {
        const what = below(20)
        const answer = () => res.end(`answer to ${req.url}`)
        if (what === 0) req.socket.destroy()
        else if (what === 1) res.writeHead(503, { "Retry-After": "1" }).end("busy")
        else if (what === 2) res.writeHead(502).end("bad")
        else if (what < 9) setTimeout(answer, below(40))
        else if (what < 11) res.writeEarlyHints({ link: "</x>; rel=preload" }, answer)
        else answer()
      })
    const backends = await Promise.all([trouble(), trouble(), trouble()])
    const running = await startProxy(
      tableOf([
        {
          name: "s",
          hedgeAfter: 8,
          retries: 3,
          timeouts: { totalMillis: 5_000 },
          tasks: backends.map((at, i) => ({ task: `t${i}`, node: `n${i}`, at }))
        }
      ]),
      { random: () => below(1_000) / 1_000 }
    )
    let whole = 0
    const errors = new Set<number>()
    const work = async (worker: number) => {
      for (let i = 0; i < 60; i++) {
        const path = `/${worker}.${i}`
        if (below(8) === 0) {
          const leaving = new RawClient(running.port).send(`GET ${path} HTTP/1.1\r\nHost: s\r\n\r\n`)
          await new Promise((resolve) => setTimeout(resolve, below(20)))
          leaving.socket.destroy()
          continue
        }
        const { body, status } = await request(running.port, "s", { path })
        if (status === 200) {
          expect(body).toBe(`answer to ${path}`)
          whole++
        } else errors.add(status)
      }
    }
    await Promise.all(Array.from({ length: 12 }, (_, worker) => work(worker)))
    const { proxy } = running
    await until(() => proxy.stats().totals.requestsInFlight === 0, "all requests end")
    expect(proxy.stats().endpoints.map(({ outstanding }) => outstanding)).toEqual([0, 0, 0])
    expect(proxy.stats().totals.upstreamConnections).toBe(proxy.stats().poolIdle)
    expect([...errors].every((status) => [502, 503].includes(status))).toBe(true)
    expect(whole).toBeGreaterThan(400)
    const hedges = proxy.stats().targets.get("s")?.hedges
    expect(hedges?.get("won")).toBeGreaterThan(0)
    expect(hedges?.get("lost")).toBeGreaterThan(0)
  })
})
