import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { Affinity, cookieValue, keyOf, noKey, pathSegment } from "../../src/balancing/Affinity.ts"
import { fractionOf, hashOf } from "../../src/balancing/Hashing.ts"
import { policyOf } from "../../src/balancing/Policy.ts"
import { Share } from "../../src/balancing/Pool.ts"
import { capacityOf } from "../../src/balancing/Rendezvous.ts"
import { drawShare } from "../../src/balancing/WeightedSplit.ts"
import { RequestHead } from "@evenkeel/http1/RequestHead"
import { Endpoint } from "../../src/proxy/Endpoint.ts"
import { choose } from "../../src/proxy/Selection.ts"
import { counted, endpoints, targetOf } from "./pool.fixture.ts"

const none = new Affinity()
const withKey = (text: string): Affinity => Object.assign(new Affinity(), { key: hashOf(text) })
const labels = ["ewma", "least", "round-robin", "hash:path:1", "sticky"] as const

const scene = FastCheck.record({
  label: FastCheck.constantFrom(...labels),
  loads: FastCheck.array(FastCheck.nat(20), { minLength: 1, maxLength: 12 }),
  out: FastCheck.array(FastCheck.boolean(), { minLength: 12, maxLength: 12 }),
  latencies: FastCheck.array(FastCheck.nat(2_000), { minLength: 12, maxLength: 12 }),
  tried: FastCheck.array(FastCheck.nat(11), { maxLength: 3 }),
  nodes: FastCheck.integer({ min: 1, max: 4 }),
  random: FastCheck.array(FastCheck.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 1, maxLength: 6 }),
  key: FastCheck.string()
})

describe("every policy", () => {
  it("takes an endpoint that admits requests if there is one, and after a failure another node if there is one", () => {
    FastCheck.assert(
      FastCheck.property(scene, ({ label, loads, out, latencies, tried, nodes, random, key }) => {
        const all = endpoints(loads.length, (i) => `n${i % nodes}`)
        all.forEach((endpoint, i) => {
          endpoint.outstanding = loads[i] ?? 0
          endpoint.observe(latencies[i] ?? 0, 0)
          if (out[i] === true) endpoint.backoff.fail(0, 1_000, 60_000, 0.5)
        })
        let draw = 0
        const failed = tried.flatMap((i) => all[i] ?? [])
        const chosen = choose(targetOf(all, label), failed, 1, () => random[draw++ % random.length] ?? 0, withKey(key))
        const admitting = all.filter((endpoint) => endpoint.admits(1))
        if (admitting.length === 0) return chosen === null
        if (chosen === null || !admitting.includes(chosen)) return false
        const elsewhere = admitting.filter(({ node }) => failed.every((one) => one.node !== node))
        return elsewhere.length === 0 || elsewhere.includes(chosen)
      }),
      { numRuns: 2_000 }
    )
  })
})

describe("ewma", () => {
  it("jumps to a slow answer at once, and forgets it with a time constant of five seconds", () => {
    const [endpoint] = endpoints(1)
    endpoint?.observe(10, 0)
    endpoint?.observe(500, 100)
    expect(endpoint?.latency(100)).toBe(500)
    expect(endpoint?.latency(5_100)).toBeCloseTo(500 / Math.E, 5)
    endpoint?.observe(10, 5_100)
    expect(endpoint?.latency(5_100)).toBeCloseTo(10 + 490 / Math.E, 5)
  })

  it("prefers the own node while it is not twice as dear as the best other", () => {
    const all = endpoints(2, (i) => (i === 0 ? "own" : "far"))
    const [own, far] = all
    if (own === undefined || far === undefined) throw new Error("two endpoints")
    const target = targetOf(all)
    far.observe(100, 0)
    own.observe(199, 0)
    for (let i = 0; i < 4; i++) expect(choose(target, [], 0, Math.random, none)).toBe(own)
    own.observe(201, 0)
    for (let i = 0; i < 4; i++) expect(choose(target, [], 0, Math.random, none)).toBe(far)
  })

  it("gives a new task a tenth of its share at first, and all of it after ten seconds", () => {
    const all = endpoints(2)
    const [old, fresh] = all
    if (old === undefined || fresh === undefined) throw new Error("two endpoints")
    for (const endpoint of all) endpoint.observe(50, 0)
    fresh.startCold(0, 10_000, 50)
    const share = (now: number) => {
      for (const endpoint of all) {
        endpoint.outstanding = 0
        endpoint.observe(50, now)
      }
      const target = targetOf(all)
      for (let i = 0; i < 110; i++) {
        const chosen = choose(target, [], now, Math.random, none)
        if (chosen !== null) chosen.outstanding++
      }
      return fresh.outstanding / 110
    }
    expect(share(0)).toBeCloseTo(1 / 11, 1)
    expect(share(5_000)).toBeCloseTo(1 / 3, 1)
    expect(share(10_000)).toBeCloseTo(1 / 2, 1)
  })
})

describe("least", () => {
  it("takes the fewest requests under way, however slow", () => {
    const all = endpoints(6)
    all.forEach((endpoint, i) => (endpoint.outstanding = i === 4 ? 2 : 3))
    all[4]?.observe(10_000, 0)
    expect(choose(targetOf(all, "least"), [], 0, Math.random, none)?.task).toBe("t4")
  })
})

describe("round-robin", () => {
  it("goes round, and passes over what is out and, as often as it is cold, what is new", () => {
    const all = endpoints(4)
    const target = targetOf(all, "round-robin")
    const turn = (times: number, now = 0) =>
      Array.from({ length: times }, () => choose(target, [], now, Math.random, none)?.task ?? "")
    expect(turn(8)).toEqual(["t0", "t1", "t2", "t3", "t0", "t1", "t2", "t3"])
    all[1]?.backoff.fail(0, 1_000, 60_000, 0.5)
    expect(turn(3)).toEqual(["t0", "t2", "t3"])
    all[2]?.startCold(0, 10_000, 1)
    const counts = counted(turn(4_000))
    expect(counts["t2"]).toBeGreaterThan(100)
    expect(counts["t2"]).toBeLessThan(400)
  })
})

describe("hash", () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `user-${i}`)
  const placeOf = (target: ReturnType<typeof targetOf>, key: string) =>
    choose(target, [], 0, Math.random, withKey(key))?.task ?? ""

  it("sends a key to the same place, and spreads keys evenly", () => {
    const target = targetOf(endpoints(5), "hash:path:1")
    const places = keys.map((key) => placeOf(target, key))
    expect(keys.map((key) => placeOf(target, key))).toEqual(places)
    for (const count of Object.values(counted(places))) expect(Math.abs(count - 2_000)).toBeLessThan(200)
  })

  it("moves only the keys of a place that goes", () => {
    const all = endpoints(5)
    const before = keys.map((key) => placeOf(targetOf(all, "hash:path:1"), key))
    const after = keys.map((key) => placeOf(targetOf(all.slice(0, 4), "hash:path:1"), key))
    for (const [i, place] of before.entries()) if (place !== "t4") expect(after[i]).toBe(place)
  })

  it("never has more than 1.25 times the fair part under way at one place", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 1, max: 8 }),
        FastCheck.array(FastCheck.nat(3)),
        (count, requests) => {
          const all = endpoints(count)
          const target = targetOf(all, "hash:path:1")
          requests.forEach((key, already) => {
            const chosen = choose(target, [], 0, Math.random, withKey(`k${key}`))
            if (chosen !== null) chosen.outstanding++
            if (chosen === null || chosen.outstanding > capacityOf(already, count)) throw new Error("over its bound")
          })
        }
      )
    )
  })

  it("keeps its keys when a task is replaced in its slot", () => {
    const all = endpoints(3)
    const [first] = all
    if (first === undefined) throw new Error("an endpoint")
    const { node, seed, service } = first
    const successor = new Endpoint({ task: "later", node, address: "127.0.0.2", port: 1, local: false, seed, service })
    const before = keys.filter((key) => placeOf(targetOf(all, "hash:path:1"), key) === "t0")
    const replaced = targetOf([successor, ...all.slice(1)], "hash:path:1")
    for (const key of before) expect(placeOf(replaced, key)).toBe("later")
  })
})

describe("a request's key", () => {
  const head = (text: string) => {
    const parsed = new RequestHead()
    if (parsed.parse(Buffer.from(text, "latin1"), 0) <= 0) throw new Error("not a head")
    return parsed
  }
  const get = (path: string, ...lines: ReadonlyArray<string>) =>
    head([`GET ${path} HTTP/1.1`, "Host: s", ...lines, "", ""].join("\r\n"))
  const key = (label: Parameters<typeof policyOf>[0], request: RequestHead) => {
    const source = policyOf(label).key
    return source === null ? noKey : keyOf(request, source)
  }

  it("is a header, whatever its case, a cookie by its exact name, or a segment of the path", () => {
    const of = hashOf("42")
    expect(key("hash:header:X-Tenant", get("/", "x-tenant: 42"))).toBe(of)
    expect(key("hash:cookie:user", get("/", "Cookie: xuser=1; user=42; User=3"))).toBe(of)
    expect(key("hash:path:2", get("/a/42?b=/c"))).toBe(of)
  })

  it("is missing where the request has none", () => {
    expect(key("hash:header:X-Tenant", get("/", "X-Tenants: 42"))).toBe(noKey)
    expect(key("hash:cookie:user", get("/", "Cookie: USER=42"))).toBe(noKey)
    expect(key("hash:path:3", get("/a/42?b=/c"))).toBe(noKey)
    expect(key("hash:path:1", get("/"))).toBe(noKey)
  })

  it("finds every segment that splitting finds", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.constantFrom("", "a", "bc", "d?e")), (segments) => {
        const path = `/${segments.join("/")}`
        const wanted = (path.split("?")[0] ?? "").split("/").slice(1)
        for (let n = 1; n < 10; n++) if (pathSegment(path, n) !== (wanted[n - 1] ?? "")) return false
        return true
      })
    )
  })

  it("reads no cookie out of another's value", () => {
    expect(cookieValue(get("/", "Cookie: a=b=user=1; c=2").fields, "user")).toBe("")
  })
})

describe("a weighted split", () => {
  it("gives each service its share, and none to one without an endpoint that admits requests", () => {
    const all = endpoints(4)
    const shares = [new Share("stable", 90, all.slice(0, 3)), new Share("canary", 10, all.slice(3))]
    const drawn = (times: number) =>
      counted(Array.from({ length: times }, (_, i) => drawShare(shares, 0, (i + 0.5) / times)?.service ?? "nobody"))
    expect(drawn(1_000)).toEqual({ stable: 900, canary: 100 })
    all[3]?.backoff.fail(0, 1_000, 60_000, 0.5)
    expect(drawn(1_000)).toEqual({ stable: 1_000 })
    for (const endpoint of all) endpoint.state = "draining"
    expect(drawn(1)).toEqual({ nobody: 1 })
  })

  it("leaves a key with its service", () => {
    const all = endpoints(4)
    const target = targetOf(all, "hash:path:1")
    target.shares = [new Share("stable", 1, all.slice(0, 2)), new Share("canary", 1, all.slice(2))]
    const serviceOf = (key: string) => choose(target, [], 0, Math.random, withKey(key))?.task ?? ""
    for (let i = 0; i < 100; i++) expect(serviceOf(`k${i}`)).toBe(serviceOf(`k${i}`))
    const parts = counted(Array.from({ length: 1_000 }, (_, i) => (fractionOf(hashOf(`k${i}`)) < 0.5 ? "low" : "high")))
    expect(Math.abs((parts["low"] ?? 0) - 500)).toBeLessThan(60)
  })
})
