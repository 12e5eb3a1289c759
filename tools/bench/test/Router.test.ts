/** The measuring of the router's speed, without measuring: what is read from tools and /proc, and how it is judged. */
import { describe, expect, it } from "vitest"
import { cpuTime, family, parseStat, residentBytes } from "../src/router/Cpu.ts"
import { type CaseName, caseNames, FlagsInvalid, parse, peerNames } from "../src/router/Flags.ts"
import { judge } from "../src/router/Gates.ts"
import { median, render, type Summary, summarise } from "../src/router/Report.ts"
import { sumOf } from "../src/router/RouterCounts.ts"
import { isJudged, roundsOf, secondsOf, warmUpOf } from "../src/router/Schedule.ts"
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
  it("is read past a name with spaces and parentheses", () => {
    const text = `42 (a) b (c) S 7 42 42 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1`
    expect(parseStat(text)).toEqual({ parent: 7, user: 1.5, seconds: 2 })
  })

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
    expect(cpuTime([2 ** 30]).seconds).toBe(0)
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
    const secondsOfCases = (quick: boolean) =>
      caseNames
        .flatMap((name) =>
          peerNames.filter((peer) => peer !== "router-log" || name === "get-100").map((peer) => ({ name, peer }))
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
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
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

  it("are printed, with what is missed", () => {
    const summary = summaryOf([sample("router", "get-1m", 110), sample("nginx", "get-1m", 100)])
    const text = render(summary, judge(summary))
    expect(text).toMatch(/get-1m: CPU per request, router to nginx +1\.10 × +1 × +0\.8 × +MISSED/)
    expect(text).toContain("All bodies and counts were as they should be.")
  })
})
