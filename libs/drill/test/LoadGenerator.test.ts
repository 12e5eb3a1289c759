import { describe, expect, it } from "vitest"
import { LoadGenerator, LoadThreadEnded } from "../src/LoadGenerator.ts"
import { deadUrl, plan, stream, traffic, withServer } from "./TestServer.ts"

describe("LoadGenerator", () => {
  it("makes the load in a thread of its own, through phases and targets, and reports at the end", () =>
    withServer({}, async ({ url }) => {
      const load = LoadGenerator.start({
        plan: plan({ requests: [traffic("get"), traffic("put")], streams: [stream("sse")] }),
        targets: [url],
        firstPhase: "before"
      })
      const ok = async (phase: number): Promise<number> => (await load.report()).phases[phase]?.total.ok ?? 0
      while ((await ok(0)) < 5);
      load.beginPhase("after")
      while ((await ok(1)) < 5);
      load.setTargets([], [])
      while ((await load.report()).total.notSent < 2);
      const report = await load.stop()
      expect(report.phases.map(({ name }) => name)).toEqual(["before", "after"])
      expect(report.total).toMatchObject({ lost: 0, underWay: 0, ok: report.total.sent })
      expect(report.phases[0]?.streams.sse?.opened).toBeGreaterThanOrEqual(1)
      expect(await load.stop()).toBe(report)
      expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    }))

  it("rejects when its thread cannot run", async () => {
    const load = LoadGenerator.start({
      plan: plan({}),
      targets: [await deadUrl()],
      workerUrl: new URL("./NoSuchWorker.ts", import.meta.url)
    })
    await expect(load.report()).rejects.toBeInstanceOf(LoadThreadEnded)
    await expect(load.stop()).rejects.toThrow("NoSuchWorker")
  })
})
