import { describe, expect, it } from "vitest"
import { httpBackend, rawBackend, request, startProxy, tableOf } from "./support/Bench.ts"

describe("a task that takes too long", () => {
  it("to begin its answer loses an idempotent request to another", async () => {
    const slow = await rawBackend((socket) => socket.resume())
    const good = await httpBackend((_, res) => res.end("good"))
    const { port, events } = await startProxy(
      tableOf([
        {
          name: "s",
          timeouts: { firstByteMillis: 50 },
          tasks: [
            { task: "slow", node: "node-router", at: slow },
            { task: "good", node: "n2", at: good }
          ]
        }
      ])
    )
    expect((await request(port, "s")).body).toBe("good")
    const post = await request(port, "s", { method: "POST", body: "x", path: "/" })
    // The slow one may still be chosen for the POST, and a POST is not sent twice.
    expect([200, 504]).toContain(post.status)
    expect(events).toEqual([])
  })

  it("is told to the client when there is no other", async () => {
    const slow = await rawBackend((socket) => socket.resume())
    const { port } = await startProxy(
      tableOf([{ name: "s", retries: 0, timeouts: { firstByteMillis: 50 }, tasks: [{ task: "t", at: slow }] }])
    )
    const answer = await request(port, "s")
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([504, "first-byte-timeout"])
    expect(answer.body).toContain("evenkeel.timeout")
  })

  it("between two bytes of its answer has it cut", async () => {
    const stuck = await httpBackend((_, res) => void res.write("begun"))
    const { port, proxy } = await startProxy(
      tableOf([{ name: "s", timeouts: { idleMillis: 50 }, tasks: [{ task: "t", at: stuck }] }])
    )
    await expect(request(port, "s")).rejects.toThrow()
    expect(proxy.stats().targets.get("s")?.failures.get("idle-timeout")).toBe(1)
  })
})
