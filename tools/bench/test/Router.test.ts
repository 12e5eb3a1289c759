/** The measuring of the router's speed, without measuring: what is read from tools and /proc, and how it is judged. */
import { describe, expect, it } from "vitest"
import { type CaseName, caseNames, FlagsInvalid, parse, peerNames } from "../src/router/Flags.ts"
import { isJudged, judge, unmeasured } from "../src/router/Gates.ts"
import * as Envoy from "../src/router/peers/Envoy.ts"
import * as Traefik from "../src/router/peers/Traefik.ts"
import { render, type Summary, summarise } from "../src/router/Report.ts"
import { sumOf } from "../src/router/RouterCounts.ts"
import { roundsOf, secondsOf, warmUpOf } from "../src/router/Schedule.ts"
import { cpuTime, family, isThere, residentBytes } from "../src/router/Usage.ts"
import { parseResult } from "../src/router/Wrk.ts"

describe("the command line", () => {
  it("measures everything against everyone unless told otherwise", () => {
    const flags = parse([])
    expect(flags?.peers).toContain("caddy")
    expect([flags?.rounds, flags?.seconds]).toEqual([null, null])
    expect(flags?.extras).toEqual(["latency", "idle-websockets", "transfer"])
  })

  it("is shortened by --quick, --only and --cases", () => {
    const flags = parse(["--quick", "--only", "nginx,router", "--cases", "get-1m,transfer"])
    expect(flags).toMatchObject({
      quick: true,
      peers: ["nginx", "router"],
      cases: ["get-1m"],
      extras: ["transfer"]
    })
  })

  it.each([["--only", "apache"], ["--rounds", "0"], ["--cores", "1"], ["--faster"]])("refuses %s %s", (...args) => {
    expect(() => parse(args)).toThrow(FlagsInvalid)
  })
})

describe("CPU time", () => {
  it("grows as this process works, and its memory is not nought", () => {
    const before = cpuTime([process.pid]).seconds
    const until = performance.now() + 10_000
    let grown = false
    while (!grown && performance.now() < until) {
      for (let i = 0; i < 1e6; i++) Math.sqrt(i)
      grown = cpuTime([process.pid]).seconds > before
    }
    expect(grown).toBe(true)
    expect(residentBytes([process.pid])).toBeGreaterThan(1 << 20)
  })

  it("is that of all descendants", () => {
    expect(family(process.ppid)).toContain(process.pid)
  })

  it("of a process that is gone is nought", () => {
    expect([cpuTime([2 ** 30]).seconds, isThere(2 ** 30), isThere(process.pid)]).toEqual([0, false, true])
  })
})

describe("what wrk says", () => {
  it("is read from the script's line", () => {
    const line = `RESULT {"requests":1000,"us":2000000,"bytes":250000,"errors":1,"badStatus":2,"p50us":1500,"p99us":9000}`
    expect(parseResult(`Running 2s test\n${line}\n`)).toEqual({
      requests: 1_000,
      seconds: 2,
      bytes: 250_000,
      errors: 1,
      badStatus: 2,
      p50Ms: 1.5,
      p99Ms: 9
    })
  })

  it("is an error when the line is missing", () => {
    expect(() => parseResult("unable to connect")).toThrow(/unable to connect/)
  })
})

describe("metrics", () => {
  it("are summed over their labels, and not over those of longer names", () => {
    const text = `# TYPE a_total counter\na_total{code="2xx"} 3\na_total{code="5xx"} 1\na_totals{code="2xx"} 9\na_total 2\n`
    expect([sumOf(text, "a_total"), sumOf(text, "a_total", `code="2xx"`)]).toEqual([6, 3])
  })
})

const sample = (peer: string, name: CaseName, cpuMicros: number) => ({
  peer,
  case: name,
  requests: 10,
  perSecond: 5,
  cpuMicros,
  userMicros: 1,
  residentBytes: 1,
  faults: []
})
const noExtras = { latency: [], idle: [], transfers: [], faults: [] }

const summaryOf = (samples: ReadonlyArray<ReturnType<typeof sample>>, extras: Summary["extras"] = noExtras): Summary =>
  summarise([{ name: "router", version: "26" }], samples, extras, [])

describe("proxies that are taken along where they are on the PATH", () => {
  const origins = (host: string) => [
    { host, port: 1 },
    { host, port: 2 }
  ]
  const nothing = () => Promise.resolve()
  const setting = {
    port: 9,
    backend: { http: origins("main"), echo: origins("echo"), readHuge: nothing, stop: nothing }
  }

  it("send paths below /echo to the echo backend, and all others to the main one", () => {
    const { routers, services } = Traefik.configuration(setting).http
    const urls = (name: "main" | "echo") => services[name].loadBalancer.servers.map(({ url }) => url)
    expect([urls(routers.main.service as "main"), urls(routers.echo.service as "echo")]).toEqual([
      ["http://main:1", "http://main:2"],
      ["http://echo:1", "http://echo:2"]
    ])
    const { clusters, listeners } = Envoy.configuration(setting).static_resources
    const routes = listeners[0]?.filter_chains[0]?.filters[0]?.typed_config.route_config.virtual_hosts[0]?.routes
    const hostsOf = (path: string) => {
      const to = routes?.find(({ match }) => path.startsWith(match.prefix))?.route.cluster
      const endpoints = clusters.find(({ name }) => name === to)?.load_assignment.endpoints[0]?.lb_endpoints
      return endpoints?.map(({ endpoint }) => endpoint.address.socket_address.address)
    }
    expect([hostsOf("/100"), hostsOf("/echo/sink")]).toEqual([
      ["main", "main"],
      ["echo", "echo"]
    ])
  })
})

describe("the rounds", () => {
  const usual = { quick: false, rounds: null, seconds: null }

  it("are seven for what a gate is judged by, fewer for the rest, and as many as asked for", () => {
    expect([roundsOf(usual, "get-100", "nginx"), roundsOf(usual, "latency", "router")]).toEqual([7, 7])
    expect([roundsOf(usual, "get-1m", "caddy"), roundsOf(usual, "connect", "router")]).toEqual([3, 3])
    expect([secondsOf(usual, "get-1m", "nginx"), secondsOf(usual, "websocket", "nginx")]).toEqual([2, 1])
    const asked = { quick: true, rounds: 5, seconds: 4 }
    expect([roundsOf(asked, "connect", "caddy"), secondsOf(asked, "connect", "caddy")]).toEqual([5, 4])
  })

  it("count as judged all that the verdicts rest on", () => {
    const measured = caseNames.flatMap((name) => peerNames.map((peer) => ({ name, peer })))
    const weighs = measured.filter(({ name, peer }) => {
      const all = measured.map((one) => sample(one.peer, one.name, 1))
      const without = all.filter((one) => one.peer !== peer || one.case !== name)
      return judge(summaryOf(without)).length < judge(summaryOf(all)).length
    })
    expect(weighs.length).toBeGreaterThan(5)
    expect(measured.filter(({ name, peer }) => isJudged(name, peer))).toEqual(weighs)
  })

  it("take minutes", () => {
    const effort = (quick: boolean) => ({ ...usual, quick })
    // Without those that no package of the system brings.
    const usualPeers = peerNames.filter((peer) => peer !== "traefik" && peer !== "envoy")
    const secondsOfCases = (quick: boolean) =>
      caseNames
        .flatMap((name) =>
          usualPeers.filter((peer) => peer !== "router-log" || name === "get-100").map((peer) => ({ name, peer }))
        )
        .reduce((sum, { name, peer }) => {
          const warm = warmUpOf({ quick }, name)
          const measuring = roundsOf(effort(quick), name, peer) * secondsOf(effort(quick), name, peer)
          return sum + measuring + warm.seconds * warm.times
        }, 0)
    expect(secondsOfCases(false)).toBeLessThan(8 * 60)
    expect(secondsOfCases(true)).toBeLessThan(2.5 * 60)
  })
})

describe("the verdicts", () => {
  it("compare medians of the rounds", () => {
    const [row] = summaryOf([9, 1, 2].map((cpu) => sample("router", "get-100", cpu))).rows
    expect([row?.cpuMicros, row?.spread, row?.requests]).toEqual([2, [1, 9], 30])
  })

  it("hold at the gate and reach the aim at the aim", () => {
    const at = (router: number) => {
      const summary = summaryOf([sample("router", "get-100", router), sample("nginx", "get-100", 100)])
      return judge(summary).map(({ holds, reachesAim }) => [holds, reachesAim])
    }
    expect([at(100), at(125), at(126)]).toEqual([[[true, true]], [[true, false]], [[false, false]]])
  })

  it("leave out what was not measured, and judge what was", () => {
    expect(judge(summaryOf([sample("router", "get-100", 1)]))).toEqual([])
    const extras = {
      ...noExtras,
      idle: [{ peer: "router", open: 10, bytesEach: 21 * 1_024 }],
      transfers: [{ peer: "router", direction: "up" as const, bytes: 1, seconds: 1, growthBytes: 1_048_576 }]
    }
    expect(judge(summaryOf([], extras)).map(({ what, holds }) => [what, holds])).toEqual([
      ["idle WebSockets: memory of each", false],
      ["1 GiB up: growth of memory", true]
    ])
  })

  it("name what could not be judged, and whether it was asked for", () => {
    const all = { cases: caseNames, extras: [], peers: peerNames }
    const figures = (["router", "nginx", "http-proxy", "router-log"] as const).map((peer) => sample(peer, "get-100", 1))
    const missing = unmeasured(summaryOf(figures), all)
    expect(missing.map(({ matters, what }) => [what, matters])).toEqual([
      ["get-100: CPU per request, router to haproxy", false],
      ["get-100: CPU per request, router to caddy", true],
      ["get-1m: CPU per request, router to nginx", true],
      ["p99 at half load, router to nginx", false],
      ["idle WebSockets: memory of each", false],
      ["1 GiB down: growth of memory", false],
      ["1 GiB up: growth of memory", false]
    ])
    const less = { ...all, cases: ["get-100"] as const, peers: ["router", "nginx", "router-log"] as const }
    expect(unmeasured(summaryOf(figures), less).some(({ matters }) => matters)).toBe(false)
    const text = render({ ...summaryOf(figures), leftOut: { caddy: "is not installed" } }, [], missing)
    expect(text).toMatch(/router to caddy +- +- +- +NOT MEASURED\n/)
    expect(text).toMatch(/router to haproxy +- +- +- +not measured\n/)
    expect(text).toContain("LEFT OUT: caddy: is not installed")
  })

  it("are printed, with what is missed", () => {
    const summary = summaryOf([sample("router", "get-1m", 110), sample("nginx", "get-1m", 100)])
    const text = render(summary, judge(summary), [])
    expect(text).toMatch(/get-1m: CPU per request, router to nginx +1\.10 × +1 × +0\.8 × +MISSED/)
    expect(text).toContain("All bodies and counts were as they should be.")
  })
})
