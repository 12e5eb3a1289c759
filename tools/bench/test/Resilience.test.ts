/** The counting of `bench:resilience`: what is a loss, and when things are back to normal. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { backToNormalMs, Load, quantileOf } from "../src/resilience/Load.ts"
import { Task } from "../src/resilience/Task.ts"

const cleanups: Array<() => void> = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const listening = async (server: http.Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe("the load", () => {
  it("counts answers of a task as good", async () => {
    const task = await new Task({ name: "t", node: "n", host: "127.0.0.1" }).start()
    cleanups.push(() => task.crash())
    const load = new Load(task.port, 400)
    await until(() => load.counts.ok >= 40)
    await load.stop()
    expect(load.counts).toMatchObject({ lost: 0, apart: 0, ok: load.counts.sent })
  })

  it("asks the other address where one refuses the connection, and counts that apart", async () => {
    const task = await new Task({ name: "t", node: "n", host: "127.0.0.1" }).start()
    cleanups.push(() => task.crash())
    const gone = http.createServer()
    const refusing = await listening(gone)
    await new Promise((resolve) => gone.close(resolve))
    const load = new Load([refusing, task.port], 400)
    await until(() => load.counts.ok >= 40)
    await load.stop()
    expect(load.counts).toMatchObject({ lost: 0, apart: 0, ok: load.counts.sent })
    // Every second request begins at the one that refuses.
    expect(Math.abs(load.counts.refused - load.counts.sent / 2)).toBeLessThanOrEqual(1)
  })

  it("counts failures before an answer as lost, but for POST", async () => {
    const load = new Load(await listening(http.createServer((request) => request.socket.destroy())), 400)
    await until(() => load.counts.sent >= 40)
    await load.stop()
    const { apart, lost, ok, sent } = load.counts
    expect([ok, lost + apart]).toEqual([0, sent])
    // Two of twenty are POST.
    expect(Math.abs(apart - sent / 10)).toBeLessThan(3)
  })

  it("counts an answer of the router's own as a loss, and a wrong body of the task's as none", async () => {
    let own = true
    const server = http.createServer((request, response) => {
      request.resume()
      request.on("end", () => {
        if (own) response.setHeader("evenkeel-reason", "no-endpoint")
        response.statusCode = own ? 503 : 200
        response.end("?")
      })
    })
    const port = await listening(server)
    const first = new Load(port, 400)
    await until(() => first.counts.sent >= 20)
    await first.stop()
    expect(first.counts.lost).toBeGreaterThan(15)
    own = false
    const second = new Load(port, 400)
    await until(() => second.counts.sent >= 20)
    await second.stop()
    expect([second.counts.lost, second.counts.ok]).toEqual([0, 0])
  })
})

describe("times", () => {
  const times = Array.from({ length: 1_000 }, (_, i) => [i, i >= 300 && i < 700 ? 900 : 5] as const)

  it("are cut to the span asked for", () => {
    expect([quantileOf(times, 0.99, 0, 300), quantileOf(times, 0.99, 300, 700)]).toEqual([5, 900])
    expect(quantileOf(times, 0.5, 5_000, 6_000)).toBeNaN()
  })

  it("are back to normal after the last quarter of a second that was slow", () => {
    expect(backToNormalMs(times, 300, 50)).toBe(500)
    expect(backToNormalMs(times.slice(0, 500), 300, 50)).toBeNull()
  })

  it("are not back to normal for want of requests, nor by a bound that is not known", () => {
    const fewer = times.filter(([dueAt]) => dueAt < 550 || dueAt >= 800)
    expect(backToNormalMs(fewer, 300, 50)).toBe(500)
    expect(backToNormalMs(times, 300, NaN)).toBeNull()
  })
})
