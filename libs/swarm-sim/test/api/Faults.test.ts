/** The control API, and what its faults do to endpoints. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { request, type Sim, spec, startSim } from "./harness.ts"

let sim: Sim
beforeEach(async () => {
  sim = await startSim({ nodes: 3, managers: 3 })
})
afterEach(() => sim.stop())

const fault = (body: object, node = "n1") => sim.call("POST", "/_sim/faults", body, node)
const states = async () =>
  (await sim.get("/nodes")).json.map((node: { Status: { State: string } }) => node.Status.State)

describe("/_sim", () => {
  it("tells the state of the simulation, on every endpoint and on its own", async () => {
    const { json } = await sim.get("/_sim/state")
    expect(json).toMatchObject({ speed: 0, seed: 1, runtime: "virtual", now: "2026-01-01T00:00:00.000Z" })
    expect(json.nodes.map((node: { hostname: string }) => node.hostname)).toEqual(["n1", "n2", "n3"])
    expect(json.nodes[0]).toMatchObject({
      condition: "up",
      manager: true,
      leader: true,
      endpoint: `unix://${sim.socketOf("n1")}`
    })
    const own = sim.server.addresses.control.slice("unix://".length)
    expect((await request(own, "GET", "/_sim/state")).json).toEqual(json)
    expect((await request(own, "GET", "/nodes")).status).toBe(404)
    expect((await sim.get("/_sim/else")).status).toBe(404)
  })

  it("moves the clock that is moved by hand", async () => {
    const { json } = await sim.call("POST", "/_sim/advance", { millis: 1_500 })
    expect(json.now).toBe("2026-01-01T00:00:01.500Z")
    expect((await sim.call("POST", "/_sim/advance", { millis: -1 })).status).toBe(400)
  })

  it("refuses what is no fault, and nodes that there are not", async () => {
    expect((await fault({ _tag: "explode" })).status).toBe(400)
    expect((await fault({ _tag: "crash" })).json.message).toContain("this is no fault")
    expect((await fault({ _tag: "api-errors", rate: 2 })).status).toBe(400)
    expect(await fault({ _tag: "crash", node: "n9" })).toMatchObject({ status: 404 })
    expect(await fault({ _tag: "api-latency", node: "n9", millis: 1 })).toMatchObject({ status: 404 })
  })

  it("traces commits, of which equal seeds give equal ones", async () => {
    const run = async () => {
      const own = await startSim({ nodes: 3 })
      await own.call("POST", "/services/create", spec("web", 3))
      own.advance(10_000)
      const { text } = await own.get("/_sim/trace")
      await own.stop()
      return text
    }
    const trace = await run()
    const commits = trace
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { index: number; changes: Array<{ kind: string; state?: string }> })
    expect(commits.at(-1)?.index).toBeGreaterThan(commits[0]?.index ?? Infinity)
    const states = commits
      .flatMap(({ changes }) => changes)
      .flatMap(({ kind, state }) => (kind === "task" ? [state] : []))
    expect(new Set(states)).toContain("new")
    expect(new Set(states)).toContain("assigned")
    expect(states.at(-1)).toBe("running")
    expect(await run()).toBe(trace)
    const last = commits.at(-1)?.index ?? 0
    await sim.call("POST", "/services/create", spec("web", 1))
    sim.advance(10_000)
    expect((await sim.get(`/_sim/trace?since=${last + 1000}`)).text).toBe("")
    expect((await sim.get("/_sim/trace?since=x")).status).toBe(400)
  })
})

describe("a crashed node", () => {
  it("refuses connections, drops those it had, and answers when it is back", async () => {
    const events = await sim.follow("/events", "n3")
    await fault({ _tag: "crash", node: "n3" })
    await events.ended
    await expect(sim.get("/_ping", "n3")).rejects.toMatchObject({ code: /ENOENT|ECONNREFUSED/ })
    sim.advance(20_000)
    expect(await states()).toEqual(["ready", "ready", "down"])
    await fault({ _tag: "restore", node: "n3" })
    sim.advance(20_000)
    await expect.poll(() => sim.get("/_ping", "n3").then(({ status }) => status, String)).toBe(200)
    expect(await states()).toEqual(["ready", "ready", "ready"])
  })
})

describe("a node that is cut off", () => {
  it("takes requests and answers them when it is back; the simulation answers all the while", async () => {
    await fault({ _tag: "black-hole", node: "n2" })
    let isAnswered = false
    const held = sim.get("/_ping", "n2").then(({ text }) => {
      isAnswered = true
      return text
    })
    sim.advance(30_000)
    expect((await sim.get("/_sim/state", "n2")).json.nodes[1].condition).toBe("black-holed")
    expect(await states()).toEqual(["ready", "down", "ready"])
    expect(isAnswered).toBe(false)
    await fault({ _tag: "restore", node: "n2" })
    expect(await held).toBe("OK")
  })
})

describe("the API", () => {
  it("answers late by simulated time", async () => {
    await fault({ _tag: "api-latency", node: "n1", millis: 5_000 })
    let isAnswered = false
    const late = sim.get("/_ping").then(({ status }) => {
      isAnswered = true
      return status
    })
    // A round trip to another node: the request has arrived by then, and would have been answered.
    expect((await sim.get("/_ping", "n2")).status).toBe(200)
    expect((await sim.get("/_sim/state")).json.nodes[0].latencyMillis).toBe(5_000)
    expect(isAnswered).toBe(false)
    sim.advance(5_000)
    expect(await late).toBe(200)
    await fault({ _tag: "api-latency", millis: 0 })
    expect((await sim.get("/_ping")).status).toBe(200)
  })

  it("answers some requests with errors, the same ones for a seed", async () => {
    const statuses = async (it: Sim) => {
      await it.call("POST", "/_sim/faults", { _tag: "api-errors", rate: 0.5, status: 503 })
      const seen: Array<number> = []
      for (let count = 0; count < 20; count++) seen.push((await it.get("/nodes")).status)
      return seen
    }
    const first = await statuses(sim)
    expect(new Set(first)).toEqual(new Set([200, 503]))
    const again = await startSim({ nodes: 3 })
    expect(await statuses(again)).toEqual(first)
    await again.call("POST", "/_sim/faults", { _tag: "api-errors", rate: 0 })
    expect((await again.get("/nodes")).status).toBe(200)
    await again.stop()
  })

  it("of one node is hit and that of others spared", async () => {
    await fault({ _tag: "api-errors", node: "n2", rate: 1 })
    expect((await sim.get("/nodes", "n2")).status).toBe(500)
    expect((await sim.get("/nodes", "n1")).status).toBe(200)
  })
})
