import { describe, expect, it } from "vitest"
import type { WebSocket } from "ws"
import { deadUrl, stream, until, withEngine, withServer } from "./TestServer.ts"
import type { LoadEngine } from "../src/LoadEngine.ts"

const streams = (engine: LoadEngine, kind: "sse" | "websocket") => {
  const report = engine.report().phases.at(-1)?.streams[kind]
  if (report === undefined) throw new Error(`no report of ${kind}`)
  return report
}

describe("server-sent events", () => {
  it("holds streams open, counts their events, ends them as planned and opens them anew", () =>
    withServer({}, ({ url }) =>
      withEngine([url], { streams: [stream("sse", 3)] }, async (engine) => {
        await until(() => streams(engine, "sse").completed >= 6)
        const report = streams(engine, "sse")
        expect(report.opened).toBeGreaterThanOrEqual(6)
        expect(report.messages).toBeGreaterThanOrEqual(60)
        expect(report).toMatchObject({ broken: 0, refused: 0, wrong: 0, endedByServer: 0, longestAwayMs: 0 })
      })
    ))

  it("does not take a stream for silent that has outlived the allowed silence", () =>
    withServer({}, ({ url }) =>
      withEngine([url], { streams: [{ ...stream("sse"), holdMs: 800 }], streamSilenceMs: 400 }, async (engine) => {
        await until(() => streams(engine, "sse").completed + streams(engine, "sse").broken >= 1)
        expect(streams(engine, "sse")).toMatchObject({ completed: 1, broken: 0 })
      })
    ))

  it("counts a cut stream as broken, by node, and how long it was away", () => {
    let requests = 0
    return withServer(
      {
        misbehave: (_, response) => {
          requests++
          if (requests > 3) return false
          // The first is cut after an event; the next two are refused, and only then a stream opens again.
          if (requests > 1) response.writeHead(503).end()
          else {
            response.setHeader("vvm-node", "n7")
            response.write("id: 1\ndata: x\n\n", () => setImmediate(() => response.destroy()))
          }
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { streams: [stream("sse")] }, async (engine) => {
          await until(() => streams(engine, "sse").completed >= 1)
          const report = streams(engine, "sse")
          expect(report).toMatchObject({ broken: 1, brokenByNode: { n7: 1 }, refused: 2, stillAway: 0 })
          // Two pauses after refusals lie within.
          expect(report.longestAwayMs).toBeGreaterThanOrEqual(190)
          expect(engine.report().failures.map(({ fate, outcome }) => [fate, outcome])).toEqual([
            ["stream", "broken"],
            ["stream", "refused"],
            ["stream", "refused"]
          ])
        })
    )
  })

  it("counts the time an attempt to open hangs as time away", () => {
    let requests = 0
    return withServer({ misbehave: () => ++requests === 1 }, ({ url }) =>
      withEngine([url], { streams: [stream("sse")], streamSilenceMs: 300 }, async (engine) => {
        await until(() => streams(engine, "sse").opened === 1)
        expect(streams(engine, "sse").refused).toBe(1)
        // The silence and the pause after it.
        expect(streams(engine, "sse").longestAwayMs).toBeGreaterThanOrEqual(390)
      })
    )
  })

  it("knows a good-bye from a break", () => {
    let requests = 0
    return withServer(
      {
        misbehave: (_, response) => {
          if (++requests > 1) return false
          response.end("id: 1\ndata: x\n\nevent: bye\ndata: stopping\n\n")
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { streams: [stream("sse")] }, async (engine) => {
          await until(() => streams(engine, "sse").completed >= 1)
          expect(streams(engine, "sse")).toMatchObject({ endedByServer: 1, broken: 0 })
        })
    )
  })

  it("takes silence for a break, and events out of order for wrong", () => {
    let requests = 0
    return withServer(
      {
        misbehave: (_, response) => {
          if (++requests > 1) return false
          response.write("id: 1\ndata: x\n\nid: 3\ndata: x\n\n")
          return true
        }
      },
      ({ url }) =>
        withEngine([url], { streams: [stream("sse")], streamSilenceMs: 400 }, async (engine) => {
          await until(() => streams(engine, "sse").completed >= 1)
          expect(streams(engine, "sse")).toMatchObject({ broken: 1, wrong: 1 })
          expect(engine.report().failures[0]?.detail).toBe("silent for 400 ms")
        })
    )
  })

  it("says which streams are still away, and for how long", async () => {
    await withEngine([await deadUrl()], { streams: [stream("sse", 2)] }, async (engine) => {
      await until(() => streams(engine, "sse").refused >= 4)
      const { longestAwayMs, opened, stillAway } = streams(engine, "sse")
      expect([opened, stillAway]).toEqual([0, 2])
      expect(longestAwayMs).toBeGreaterThanOrEqual(90)
    })
  })
})

describe("WebSockets", () => {
  it("counts echoes, and closes and opens anew as planned", () =>
    withServer({}, ({ url }) =>
      withEngine([url], { streams: [stream("websocket", 2)] }, async (engine) => {
        await until(() => streams(engine, "websocket").completed >= 3 && streams(engine, "websocket").messages >= 6)
        expect(streams(engine, "websocket")).toMatchObject({ broken: 0, wrong: 0, refused: 0 })
      })
    ))

  it("tells a close with 1001 from a cut, and an echo from something else", () =>
    withServer(
      {
        onSocket: (socket, index) => {
          if (index === 0) socket.once("message", () => socket.close(1001))
          else if (index === 1) socket.once("message", () => socket.terminate())
          else if (index === 2) socket.on("message", () => socket.send("something else"))
          else socket.on("message", (message, binary) => socket.send(message, { binary }))
        }
      },
      ({ url }) =>
        withEngine([url], { streams: [{ ...stream("websocket"), holdMs: 60_000 }] }, async (engine) => {
          await until(() => streams(engine, "websocket").wrong >= 1)
          const report = streams(engine, "websocket")
          expect(report).toMatchObject({ endedByServer: 1, broken: 1, brokenByNode: { n1: 1 } })
        })
    ))

  it("counts those of a dead target apart, and opens them on a living one", () => {
    let mute = false
    const echo = (socket: WebSocket) =>
      socket.on("message", (message, binary) => mute || socket.send(message, { binary }))
    return withServer({ onSocket: echo }, (dying) =>
      withServer({}, (living) => {
        const held = { ...stream("websocket", 3), holdMs: 60_000, everyMs: 20 }
        return withEngine([dying.url], { streams: [held], streamSilenceMs: 500 }, async (engine) => {
          await until(() => streams(engine, "websocket").opened === 3)
          engine.beginPhase("death")
          engine.setTargets([living.url], [dying.url])
          mute = true
          await until(() => streams(engine, "websocket").opened === 3)
          const report = streams(engine, "websocket")
          expect(report).toMatchObject({ onDeadNode: 3, broken: 0, openAtStart: { n1: 3 }, stillAway: 0 })
          expect(living.sockets.size).toBe(3)
        })
      })
    )
  })
})
