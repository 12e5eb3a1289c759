/** What all benches count with: quantiles, what `/proc` says, processes that end. */
import { spawn } from "node:child_process"
import { describe, expect, it } from "vitest"
import { end, environment, hasEnded } from "../src/Children.ts"
import { kibibytesOf, parseStat } from "../src/ProcText.ts"
import * as Quantile from "../src/Quantile.ts"

describe("quantiles", () => {
  it("are values that were measured", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect([0.5, 0.99, 1].map((share) => Quantile.of(hundred, share))).toEqual([50, 99, 100])
    expect(Quantile.of([7], 0.99)).toBe(7)
    expect(Quantile.of([], 0.5)).toBeNaN()
  })

  it("have the middle of two as the median of an even number", () => {
    expect([Quantile.median([9, 1, 5]), Quantile.median([4, 1, 2, 9])]).toEqual([5, 3])
    expect(Quantile.median([])).toBeNaN()
  })
})

describe("what /proc says", () => {
  it("is read past a name with spaces and parentheses", () => {
    const text = "42 (a) b (c) S 7 42 42 0 -1 4194304 1 0 0 0 150 50 300 25 20 0 1 0 1 1 1"
    expect(parseStat(text)).toEqual({ parent: 7, userSeconds: 1.5, seconds: 2, childrenSeconds: 3.25 })
  })

  it("tells memory by its line", () => {
    const status = "Name:\tVmRSS: 1 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n"
    expect([kibibytesOf(status, "VmRSS"), kibibytesOf(status, "VmHWM"), kibibytesOf("", "VmRSS")]).toEqual([
      10_240, 20_480, 0
    ])
  })
})

describe("a child", () => {
  const start = async (program: string) => {
    const child = spawn(process.execPath, ["-e", `${program}; setInterval(() => 0, 1000); console.log("up")`])
    await new Promise((resolve) => child.stdout.once("data", resolve))
    return child
  }

  it("ends by SIGTERM, and is not waited for again", async () => {
    const child = await start("process.on('SIGTERM', () => process.exit(7))")
    await end(child, 60_000)
    expect([hasEnded(child), child.exitCode]).toEqual([true, 7])
    await end(child, 60_000)
  })

  it("ends by SIGKILL where SIGTERM is not enough, or at once", async () => {
    const [stubborn, killed] = [await start("process.on('SIGTERM', () => 0)"), await start("")]
    await end(stubborn, 50)
    await end(killed, 0)
    expect([stubborn.signalCode, killed.signalCode]).toEqual(["SIGKILL", "SIGKILL"])
  })

  it("knows nothing of our own settings and Docker's", () => {
    process.env["EVENKEEL_FIGURES_TEST"] = "1"
    process.env["DOCKER_FIGURES_TEST"] = "1"
    try {
      expect(Object.keys(environment()).filter((name) => name.endsWith("FIGURES_TEST"))).toEqual([])
      expect(environment()["PATH"]).toBe(process.env["PATH"])
    } finally {
      delete process.env["EVENKEEL_FIGURES_TEST"]
      delete process.env["DOCKER_FIGURES_TEST"]
    }
  })
})
