/**
 * The whole drill: lab up, images, stack, load, the cycles one after another, the verdict. Everything it starts ends with it,
 * unless it is told to keep the lab.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { PhaseReport } from "@evenkeel/drill/LoadReport"
import { LoadGenerator } from "@evenkeel/drill/LoadGenerator"
import * as LoadPlan from "@evenkeel/drill/LoadPlan"
import { Lab } from "../Lab.ts"
import { checkRequirements } from "../Requirements.ts"
import * as Cycle from "./Cycle.ts"
import type { DrillOptions } from "./DrillFlags.ts"
import type { DrillReport, JudgedCycle } from "./DrillReport.ts"
import type { Load } from "./Load.ts"
import { areEven } from "./Observation.ts"
import * as Routers from "./Routers.ts"
import * as Stack from "./Stack.ts"
import * as Verdict from "./Verdict.ts"
import * as Watch from "./Watch.ts"

const say = (text: string) => Console.error(`drill: ${text}`)

/** Streams have to be open again within this. */
const streamAwayLimitMillis = 3_000

export const run = Effect.fn("Drill.run")(function* (options: DrillOptions) {
  const lab = yield* Lab
  yield* checkRequirements
  yield* say("bringing up a Swarm of three managers")
  yield* lab.up({ nodes: 3, managers: 3, heartbeat: options.heartbeat })
  yield* lab.buildImages()
  const nodes = yield* lab.nodes
  const engines = nodes.map(({ name, socketPath }) => ({ name, socketPath }))
  const [first] = engines
  if (first === undefined) return yield* Effect.dieMessage("the lab has no nodes")

  const acts = !options.withoutRebalancer && !options.saboteur
  yield* say(`deploying deploy/stack.yml, the rebalancer ${acts ? "acting" : "only observing"}`)
  yield* Stack.deploy({ socketPath: first.socketPath, mode: acts ? "act" : "observe" })
  yield* Stack.createTrio(first.socketPath)
  const startedAt = performance.now()
  const watch = yield* Watch.make({
    engines,
    spreads: Stack.spreads,
    onEntry: ({ text }) => say(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${text}`)
  })
  yield* watch.until("the stack to run", 180, (seen) => Cycle.isWhole(seen) && areGlobalsUp(seen, engines.length))
  yield* watch.until("an even start", 120, (seen) => Cycle.isWhole(seen) && areEven(seen.placements))

  const urls = new Map(nodes.map(({ name, address }) => [name, `http://${address}:8080`]))
  const urlOf = (name: string) => urls.get(name) ?? name
  const urlsOf = (names: ReadonlyArray<string>) => names.map(urlOf)
  yield* Routers.awaitServing([...urls.values()])
  const generator = yield* Effect.acquireRelease(
    Effect.sync(() =>
      LoadGenerator.start({
        plan: LoadPlan.defaultPlan({ totalPerS: options.requestsPerSecond }),
        targets: [...urls.values()]
      })
    ),
    (started) => Effect.ignore(Effect.tryPromise(() => started.stop()))
  )
  const load: Load = {
    beginPhase: (name) => Effect.sync(() => generator.beginPhase(name)),
    setTargets: (active, dead) => Effect.sync(() => generator.setTargets(urlsOf(active), urlsOf(dead)))
  }
  yield* Effect.sleep("3 seconds")

  const results = yield* Effect.forEach(options.cycles, (name) =>
    Cycle.run({
      name,
      engines,
      watch,
      load,
      urlOf,
      saboteur: options.saboteur,
      balanceSeconds: acts ? 150 : 45,
      restoreSeconds: 120
    })
  )
  const report = yield* Effect.promise(() => generator.stop())
  const cycles = results.map((result): JudgedCycle => {
    const phases = report.phases.filter(({ name }) => result.phases.includes(name))
    return { ...result, checks: Verdict.judge({ ...result.evidence, ...loadEvidence(phases, options, result.victim) }) }
  })
  return {
    options,
    cycles,
    timeline: yield* watch.timeline,
    load: report,
    passed: cycles.every(({ checks }) => checks.every(({ passed }) => passed))
  } satisfies DrillReport
})

const areGlobalsUp = (seen: Watch.Seen, nodes: number): boolean =>
  Stack.globals.every(
    (service) =>
      seen.swarm.tasks.filter(
        (task) => task.service === service && task.desired === "running" && task.state === "running"
      ).length === nodes
  )

/** What the load says about a cycle. Only its phases count; streams of tasks on the lost node may break, no others. */
const loadEvidence = (phases: ReadonlyArray<PhaseReport>, options: DrillOptions, victim: string) => {
  const sum = (of: (phase: PhaseReport) => number) => phases.reduce((total, phase) => total + of(phase), 0)
  const streams = phases.flatMap((phase) => Object.values(phase.streams))
  const seconds = sum(({ durationMs }) => durationMs) / 1_000
  return {
    lostRequests: sum(({ total }) => total.lost),
    sentRequests: sum(({ total }) => total.sent),
    requestsPerSecond: {
      asked: options.requestsPerSecond,
      sent: sum(({ total }) => total.sent) / Math.max(1, seconds)
    },
    streamsLate: streams.filter(({ longestAwayMs }) => longestAwayMs > streamAwayLimitMillis).length,
    streamsBrokenElsewhere: streams.reduce(
      (total, { brokenByNode }) =>
        total + Object.entries(brokenByNode).reduce((n, [node, broken]) => n + (node === victim ? 0 : broken), 0),
      0
    )
  }
}
