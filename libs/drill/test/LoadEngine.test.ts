import { describe, expect, it } from "vitest"
import type { LoadEngine } from "../src/LoadEngine.ts"
import { type RequestKind, requestKinds } from "../src/LoadPlan.ts"
import { deadUrl, traffic, until, withEngine, withServer } from "./TestServer.ts"

describe("requests", () => {
  it("sends every kind and finds all answers right", () =>
    withServer({}, ({ url }) =>
      withEngine([url], { requests: requestKinds.map((kind) => traffic(kind, 20)) }, async (engine) => {
        const counts = () => requestKinds.map((kind) => engine.report().phases[0]?.kinds[kind]?.ok ?? 0)
        await until(() => Math.min(...counts()) >= 6)
        const report = await engine.stop()
        expect(report.failures).toEqual([])
        expect(report.total).toMatchObject({ ok: report.total.sent, underWay: 0, lost: 0, notSent: 0 })
        expect(report.phases[0]?.services["vvm2"]?.ok).toBeGreaterThan(0)
      })
    ))

  it("finds a body that was changed under way, and a wrong status, with the router's reason", () =>
    withServer(
      {
        misbehave: (request, response) => {
          if (request.url === "/") {
            response.writeHead(200, { "vvm-service": "p2p_vvm1", digest: "sha-256=AAAA" }).end("{}")
          } else response.writeHead(503, { "evenkeel-reason": "no-task", "evenkeel-tries": "2" }).end("sorry")
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { requests: [traffic("get"), traffic("get-body"), traffic("post")] }, async (engine) => {
          await until(() => Math.min(...Object.values(engine.report().phases[0]?.kinds ?? {}).map((k) => k.sent)) >= 3)
          const { failures, phases, total } = await engine.stop()
          expect(total.ok).toBe(0)
          expect(phases[0]?.kinds["get"]).toMatchObject({ lost: phases[0]?.kinds["get"]?.sent, failedApart: 0 })
          expect(phases[0]?.kinds["post"]).toMatchObject({ lost: 0, failedApart: phases[0]?.kinds["post"]?.sent })
          expect(failures.find(({ kind }) => kind === "get")).toMatchObject({ fate: "lost", outcome: "wrong-body" })
          expect(failures.find(({ kind }) => kind === "get-body")).toMatchObject({
            fate: "lost",
            outcome: "error-status",
            status: 503,
            reason: "no-task",
            detail: "status 503: sorry",
            tries: 2
          })
        })
    ))

  it("counts as lost what is refused, reset before the answer, or times out; as apart what is cut within it", () =>
    withServer(
      {
        misbehave: (request, response) => {
          if (request.method === "GET") {
            response.writeHead(200, { "content-length": 10 }).write("12345", () => request.socket.destroy())
          } else if (request.method === "HEAD") request.socket.resetAndDestroy()
          return true
        }
      },
      async ({ url }) => {
        const counts = (engine: LoadEngine, kind: RequestKind) => engine.report().phases[0]?.kinds[kind]
        await withEngine([url], { requests: [traffic("get", 50), traffic("head", 50)] }, async (engine) => {
          await until(() => (counts(engine, "get")?.failedApart ?? 0) >= 2 && (counts(engine, "head")?.lost ?? 0) >= 2)
          await engine.stop()
          const cut = counts(engine, "get")?.sent
          expect(counts(engine, "get")).toMatchObject({ lost: 0, failedApart: cut, outcomes: { cut } })
          const reset = counts(engine, "head")?.sent
          expect(counts(engine, "head")).toMatchObject({ lost: reset, outcomes: { "no-response": reset } })
        })
        await withEngine([url], { requests: [traffic("delete", 50)], timeoutMs: 30 }, async (engine) => {
          await until(() => engine.report().total.lost >= 2)
          const { total } = await engine.stop()
          expect(total).toMatchObject({ lost: total.sent, outcomes: { "timed-out": total.sent } })
        })
        await withEngine([await deadUrl()], { requests: [traffic("get", 50)] }, async (engine) => {
          await until(() => engine.report().total.lost >= 2)
          expect(engine.report().failures[0]?.detail).toContain("ECONNREFUSED")
        })
      }
    ))

  it("counts what the router says of holding and trying again", () =>
    withServer(
      {
        misbehave: (_, response) => {
          response.setHeader("evenkeel-held-ms", "250")
          response.setHeader("evenkeel-tries", "2")
          return false
        }
      },
      ({ url }) =>
        withEngine([url], { requests: [traffic("get")] }, async (engine) => {
          await until(() => engine.report().total.ok >= 3)
          const { phases, total } = await engine.stop()
          expect(total).toMatchObject({ held: total.sent, retried: total.sent })
          expect(phases[0]?.services["vvm"]).toMatchObject({ held: total.sent, longestHeldMs: 250 })
        })
    ))

  it("keeps the first failures of each fate one by one, and counts the rest", () =>
    withServer(
      {
        misbehave: (_, response) => {
          response.writeHead(500).end()
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { requests: [traffic("head", 300), traffic("post", 20)] }, async (engine) => {
          await until(() => engine.report().total.lost >= 270 && engine.report().total.failedApart >= 3)
          const { failures, failuresLeftOut, total } = await engine.stop()
          expect(failures.filter(({ fate }) => fate === "lost")).toHaveLength(250)
          expect(failures.filter(({ fate }) => fate === "failed-apart").length).toBeGreaterThanOrEqual(3)
          expect(failures.length + failuresLeftOut).toBe(total.lost + total.failedApart)
        })
    ))

  it("drops connections that are idle, never one that waits for its answer", () => {
    const connections = new Set<unknown>()
    return withServer(
      {
        misbehave: (request, response) => {
          connections.add(request.socket)
          setTimeout(() => response.writeHead(204, { "vvm-service": "s", allow: "GET" }).end(), 120)
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { requests: [traffic("options", 5)], idleConnectionMs: 20 }, async (engine) => {
          await until(() => connections.size >= 3 && engine.report().total.ok >= 3)
          expect((await engine.stop()).failures).toEqual([])
        })
    )
  })

  it("keeps sending while a server stalls, and keeps connections for what follows", () => {
    const stalled: Array<() => void> = []
    const connections = new Set<unknown>()
    let released = false
    return withServer(
      {
        misbehave: (request, response) => {
          connections.add(request.socket)
          if (released) return false
          stalled.push(() => response.writeHead(204).end())
          return true
        }
      },
      ({ received, url }) =>
        withEngine([url], { requests: [traffic("options", 300)] }, async (engine) => {
          // None of these has been answered: a closed loop would never get here.
          await until(() => stalled.length >= 30)
          expect(engine.report().total).toMatchObject({ ok: 0 })
          released = true
          for (const release of stalled) release()
          await until(() => connections.size < received())
        })
    )
  })

  it("counts latency from the time a request was meant to be sent, and says how late it was itself", () =>
    withServer({}, ({ url }) =>
      withEngine([url], { requests: [traffic("get", 100)] }, async (engine) => {
        await until(() => engine.report().total.ok >= 2)
        // Stops this thread, the engine with it.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
        const before = engine.report().total.sent
        await until(() => engine.report().total.ok >= before + 20)
        const { phases, schedulerLag, total } = await engine.stop()
        expect(schedulerLag.maxMs).toBeGreaterThan(150)
        expect(total.longestMs).toBeGreaterThan(150)
        expect(phases[0]?.services["vvm"]?.longestWaitMs).toBeGreaterThan(150)
      })
    ))

  it("does not send beyond its limit, and says so", () =>
    withServer({ misbehave: () => true }, ({ received, url }) =>
      withEngine([url], { requests: [traffic("get")], inFlightLimit: 3, timeoutMs: 200 }, async (engine) => {
        await until(() => engine.report().total.notSent >= 3 && received() >= 3)
        expect(engine.report().total.underWay).toBeLessThanOrEqual(3)
      })
    ))
})

describe("targets", () => {
  it("counts what was under way to a dead target apart, cuts it, and sends to it again when it is back", () => {
    let mute = true
    return withServer({ misbehave: () => mute }, (dying) =>
      withServer({}, (living) =>
        withEngine(
          [dying.url, living.url],
          { requests: [traffic("get"), traffic("post")], timeoutMs: 300_000 },
          async (engine) => {
            await until(() => dying.received() >= 6)
            engine.setTargets([living.url], [dying.url])
            engine.beginPhase("death")
            await until(() => engine.report().phases[0]?.total.underWay === 0)
            await until(() => (engine.report().phases[1]?.total.ok ?? 0) >= 10)
            const atDeath = dying.received()
            await until(() => (engine.report().phases[1]?.total.ok ?? 0) >= 20)
            expect(dying.received()).toBe(atDeath)
            const [before, after] = engine.report().phases.map(({ total }) => total.onDeadNode)
            expect(before).toBeGreaterThanOrEqual(6)
            expect(after).toBe(0)
            mute = false
            engine.setTargets([dying.url, living.url], [])
            await until(() => dying.received() >= atDeath + 5)
            const report = await engine.stop()
            expect(report.total).toMatchObject({ lost: 0, failedApart: 0, onDeadNode: before })
            expect(report.failures.every(({ fate, target }) => fate === "on-dead-node" && target === dying.url)).toBe(
              true
            )
          }
        )
      )
    )
  })

  it("counts as not sent what has no target", () =>
    withEngine([], { requests: [traffic("get")] }, async (engine) => {
      await until(() => engine.report().total.notSent >= 2)
      expect(engine.report().total.sent).toBe(0)
    }))
})

describe("phases", () => {
  it("counts a request in the phase in which it was sent, however late it ends", () => {
    const held: Array<() => void> = []
    return withServer(
      {
        misbehave: (_, response) => {
          if (held.length >= 3) return false
          held.push(() => response.writeHead(500).end())
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { requests: [traffic("get")] }, async (engine) => {
          await until(() => held.length === 3)
          engine.beginPhase("after")
          await until(() => (engine.report().phases[1]?.total.ok ?? 0) >= 3)
          for (const release of held) release()
          await until(() => engine.report().total.lost >= 3)
          const { phases } = await engine.stop()
          expect(phases.map(({ name, total }) => [name, total.lost])).toEqual([
            ["warm-up", 3],
            ["after", 0]
          ])
          expect(phases[0]?.startedAt).toBeLessThan(phases[1]?.startedAt ?? 0)
        })
    )
  })
})
