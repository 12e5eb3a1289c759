import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { filters, type Sim, spec, startSim } from "./harness.ts"

let sim: Sim
beforeEach(async () => {
  sim = await startSim({ nodes: 4, managers: 3 })
})
afterEach(() => sim.stop())

const create = (name: string) => sim.call("POST", "/services/create", spec(name, 0))
const fault = (body: object) => sim.call("POST", "/_sim/faults", body)

// The allocator writes a new service once more, which is an event too.
const ofServices = filters({ type: ["service"], event: ["create"] })
const named = (lines: ReadonlyArray<string>) =>
  lines.map((line) => (JSON.parse(line) as { Actor: { Attributes: { name: string } } }).Actor.Attributes.name)

describe("events", () => {
  it("come as they happen, a line each, with all digits of their time", async () => {
    const events = await sim.follow("/events")
    expect(events.headers["content-type"]).toBe("application/jsonl")
    const { json } = await create("web")
    await events.until(1)
    const [line = ""] = events.lines
    expect(JSON.parse(line)).toMatchObject({
      Type: "service",
      Action: "create",
      Actor: { ID: json.ID, Attributes: { name: "web" } },
      scope: "swarm"
    })
    expect(line).toMatch(/"time":\d{10},"timeNano":\d{19}}$/)
    const older = await sim.follow("/v1.41/events")
    expect(older.headers["content-type"]).toBe("application/json")
    events.close()
    older.close()
  })

  it("are filtered by type, action, name and id", async () => {
    const { json } = await create("web")
    const seen = async (value: object) => {
      const events = await sim.follow(
        `/events?since=1&until=${1 + sim.server.swarm.nowMillis() / 1000}&${filters(value)}`
      )
      sim.advance(2_000)
      await events.ended
      return events.lines.length
    }
    await sim.call("POST", "/networks/create", { Name: "app", Driver: "overlay" })
    sim.advance(1_000)
    expect(await seen({ type: ["service"], event: ["create"] })).toBe(1)
    expect(await seen({ type: ["network"], event: ["create"] })).toBeGreaterThan(0)
    expect(await seen({ service: ["web"], event: ["create"] })).toBe(1)
    expect(await seen({ service: [json.ID.slice(0, 6)], event: ["create"] })).toBe(1)
    expect(await seen({ service: ["db"] })).toBe(0)
    expect(await seen({ scope: ["local"] })).toBe(0)
    expect(await seen({ event: ["remove"] })).toBe(0)
  })

  it("are remembered for those who ask since when, and end at a time that has passed", async () => {
    await create("first")
    sim.advance(5_000)
    const between = String(sim.server.swarm.nowMillis() / 1000)
    sim.advance(5_000)
    await create("second")
    const all = await sim.follow(`/events?since=1&${ofServices}`)
    await all.until(2)
    expect(named(all.lines)).toEqual(["first", "second"])
    all.close()
    const later = await sim.follow(`/events?since=${between}&${ofServices}`)
    await later.until(1)
    expect(named(later.lines)).toEqual(["second"])
    later.close()
    const past = await sim.follow(`/events?since=1&until=${between}&${ofServices}`)
    await past.ended
    expect(named(past.lines)).toEqual(["first"])
    const [line = ""] = all.lines.slice(1)
    const nanos = /"timeNano":(\d+)/.exec(line)?.[1] ?? ""
    const after = `${nanos.slice(0, -9)}.${String(Number(nanos.slice(-9)) + 1).padStart(9, "0")}`
    sim.advance(1_000)
    const nothing = await sim.follow(`/events?since=${after}&until=${after}&${ofServices}`)
    await nothing.ended
    expect(nothing.lines).toEqual([])
  })

  it("are refused for times that are none, or the wrong way round", async () => {
    expect(await sim.get("/events?since=yesterday")).toMatchObject({ status: 400 })
    expect((await sim.get("/events?since=5&until=4")).json.message).toBe(
      "`since` time (5) cannot be after `until` time (4)"
    )
  })

  it("are lost and forgotten while they are dropped", async () => {
    const events = await sim.follow(`/events?${ofServices}`)
    const others = await sim.follow(`/events?${ofServices}`, "n2")
    await fault({ _tag: "drop-events", node: "n1", on: true })
    await create("lost")
    await fault({ _tag: "drop-events", node: "n1", on: false })
    await create("seen")
    await events.until(1)
    await others.until(2)
    expect(named(events.lines)).toEqual(["seen"])
    expect(named(others.lines)).toEqual(["lost", "seen"])
    const again = await sim.follow(`/events?since=1&${ofServices}`)
    await again.until(1)
    expect(named(again.lines)).toEqual(["seen"])
    for (const it of [events, others, again]) it.close()
  })

  it("reach a node that was cut off once it is back", async () => {
    const events = await sim.follow(`/events?${ofServices}`, "n3")
    await fault({ _tag: "black-hole", node: "n3" })
    await create("web")
    sim.advance(1_000)
    const others = await sim.follow(`/events?since=1&${ofServices}`)
    await others.until(1)
    expect(events.lines).toEqual([])
    await fault({ _tag: "restore", node: "n3" })
    await events.until(1)
    expect(named(events.lines)).toEqual(["web"])
    for (const it of [events, others]) it.close()
  })

  it("of the Swarm are none of a worker's", async () => {
    const worker = await sim.follow(`/events?since=1&${ofServices}`, "n4")
    const manager = await sim.follow(`/events?since=1&${ofServices}`)
    await create("web")
    await manager.until(1)
    expect(worker.lines).toEqual([])
    for (const it of [worker, manager]) it.close()
  })
})
