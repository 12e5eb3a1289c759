/**
 * The clients of a run: the load generator, told which entries there are, and its figures as the demo shows and judges them.
 * What counts as lost is the generator's to say.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LoadGenerator } from "@evenkeel/drill/LoadGenerator"
import type { LoadPlan } from "@evenkeel/drill/LoadPlan"
import type { LoadReport } from "@evenkeel/drill/LoadReport"
import type { LiveLoad } from "./Scene.ts"
import type { Phase, Requests, Streams } from "./Story.ts"

const vvms = ["vvm1", "vvm2", "vvm3", "vvm4", "vvm5", "vvm6"]

/** 150 requests a second of several kinds, to each service by its name and to the group, and sixteen streams to the group. */
export const plan = (speed: number): LoadPlan => ({
  requests: [
    ...vvms.map((host) => ({ kind: "get", host, names: "service", ratePerS: 8 }) as const),
    { kind: "get", host: "trio", names: "service", ratePerS: 22 },
    { kind: "get", host: "vvm", names: "group", ratePerS: 40 },
    { kind: "put", host: "vvm", names: "group", ratePerS: 15 },
    { kind: "post", host: "vvm", names: "group", ratePerS: 15 },
    { kind: "call", host: "vvm", names: "group", ratePerS: 10, callees: vvms }
  ],
  streams: [
    { kind: "sse", host: "vvm", open: 8, holdMs: 20_000, everyMs: 200 },
    { kind: "websocket", host: "vvm", open: 8, holdMs: 20_000, everyMs: 500 }
  ],
  // Two simulated minutes: Swarm replaces a lost task in half a one.
  timeoutMs: Math.max(10_000, 120_000 / speed),
  idleConnectionMs: 20_000,
  deadTargetGraceMs: 3_000,
  streamSilenceMs: 2_000,
  inFlightLimit: 10_000
})

const samplesShown = 5

/** Of all phases and both kinds. */
export const streamsOf = (phases: LoadReport["phases"]): Streams => {
  const reports = phases.flatMap(({ streams }) => Object.values(streams))
  const sum = (count: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + count(report), 0)
  return {
    opened: sum(({ opened }) => opened),
    broken: sum(({ broken, onDeadNode, refused }) => broken + onDeadNode + refused),
    longestAwayMs: Math.max(0, ...reports.map(({ longestAwayMs }) => longestAwayMs)),
    stillAway: Object.values(phases.at(-1)?.streams ?? {}).reduce((total, { stillAway }) => total + stillAway, 0)
  }
}

export const requestsOf = ({ failures, phases, total }: LoadReport): Requests => ({
  streams: streamsOf(phases),
  sent: total.sent,
  ok: total.ok,
  lost: total.lost,
  cut: total.failedApart,
  onLostNode: total.onDeadNode,
  notSent: total.notSent,
  p50Ms: total.p50Ms,
  p99Ms: total.p99Ms,
  longestMs: total.longestMs,
  lostSamples: failures
    .filter(({ fate }) => fate === "lost")
    .slice(0, samplesShown)
    .map(
      ({ afterMs, detail, kind, method, outcome, phase, reason, service, status, target }) =>
        `${phase}: ${kind} ${method} ${service} by ${target}: ${outcome}${status === undefined ? "" : ` ${status}`}${reason === undefined ? "" : ` (${reason})`} after ${afterMs} ms, ${detail}`
    )
})

export interface Clients {
  readonly beginPhase: (phase: Phase) => Effect.Effect<void>
  /** New requests go to `active`; what fails on connections to `dead` is counted apart. */
  readonly setEntries: (active: ReadonlyArray<string>, dead: ReadonlyArray<string>) => Effect.Effect<void>
  /** The latest figures; read anew at most twice a second. */
  readonly live: Effect.Effect<LiveLoad>
  /** So far. */
  readonly report: Effect.Effect<Requests>
  /** Sends no more and waits for what is under way. */
  readonly stop: Effect.Effect<Requests>
}

const readEveryMs = 500

/** Begins at once, until the scope closes. */
export const start = Effect.fn("Clients.start")(function* (
  entries: ReadonlyArray<string>,
  speed: number,
  phase: Phase
) {
  const generator = yield* Effect.acquireRelease(
    Effect.sync(() => LoadGenerator.start({ plan: plan(speed), targets: entries, firstPhase: phase })),
    (running) => Effect.promise(() => running.terminate())
  )
  let told = ""
  let readAtMs = yield* Clock.currentTimeMillis
  let live: LiveLoad = { requestsPerS: 0, sent: 0, lost: 0, cut: 0, onLostNode: 0, p50Ms: 0, p99Ms: 0 }
  const read = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now - readAtMs < readEveryMs) return live
    const { phases, total } = yield* Effect.promise(() => generator.report())
    const present = phases.at(-1)?.total ?? total
    live = {
      requestsPerS: ((total.sent - live.sent) * 1000) / (now - readAtMs),
      sent: total.sent,
      lost: total.lost,
      cut: total.failedApart,
      onLostNode: total.onDeadNode,
      p50Ms: present.p50Ms,
      p99Ms: present.p99Ms
    }
    readAtMs = now
    return live
  })
  const clients: Clients = {
    beginPhase: (name) => Effect.sync(() => generator.beginPhase(name)),
    setEntries: (active, dead) =>
      Effect.sync(() => {
        const wanted = JSON.stringify([active, dead])
        if (wanted === told) return
        told = wanted
        generator.setTargets(active, dead)
      }),
    live: read,
    report: Effect.map(
      Effect.promise(() => generator.report()),
      requestsOf
    ),
    stop: Effect.map(
      Effect.promise(() => generator.stop()),
      requestsOf
    )
  }
  return clients
})
