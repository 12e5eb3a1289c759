/**
 * Runs a scenario on a target and records its trace. Does each step's action, waits until the step's conditions hold and
 * nothing has changed for a while, and goes on; a condition that does not come about is recorded, not an error.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { listOf, parseOrText } from "./EngineValue.ts"
import type { Names } from "./Names.ts"
import { type Parts, partsOf, resolve } from "./Parts.ts"
import { apiPrefix, normal, perform } from "./Perform.ts"
import * as Recorder from "./Recorder.ts"
import { fingerprint, unmet } from "./Rest.ts"
import { describe, type Scenario, type Step } from "./Scenario.ts"
import type { Observation, Target } from "./Target.ts"
import type { StepTrace, Trace } from "./Trace.ts"

export interface RunOptions {
  /** Between two observations. Default 80. */
  readonly everyMillis?: number
  /** How long nothing may change before a step counts as over. Default 1,500. */
  readonly stableMillis?: number
  /** Called once, before the first step. */
  readonly onStart?: (names: Names) => void
  /** Called before each step, with its index. */
  readonly onBeginStep?: (index: number) => void
  /** Told of each step as it ends. */
  readonly onStep?: (trace: StepTrace, waitedFor: ReadonlyArray<string>) => void
}

const defaultWithinSeconds = 90

const embeddedStepMillis = 5

export const run = Effect.fn("Run.run")(function* (scenario: Scenario, target: Target, options: RunOptions = {}) {
  const recorder = Recorder.make()
  const everyMillis = options.everyMillis ?? 80
  const stableMillis = options.stableMillis ?? 1_500
  let parts: Parts = {}
  let lost: string | null = null
  let last: Observation | undefined

  const watch = Effect.fn("Run.watch")(function* (millis = everyMillis) {
    const seen = yield* target.pass(millis)
    for (const each of seen) recorder.observe(each)
    last = seen.at(-1) ?? last
    return seen.at(-1)
  })

  const learnOthers = Effect.gen(function* () {
    if (last === undefined || last.leader === null) return
    for (const kind of ["networks", "secrets", "configs"]) {
      const { text } = yield* target.call({ node: target.manager(), method: "GET", path: `${apiPrefix}/${kind}` })
      recorder.names.learn(kind.slice(0, -1), listOf(parseOrText(text)))
    }
  })

  const awaitStep = Effect.fn("Run.awaitStep")(function* (step: Step, keepsStillMillis: number) {
    const until = step.until ?? {}
    const leader = parts["leader"] ?? null
    let known: Observation | undefined
    let lastPrint = ""
    let since = Number.NaN
    let begun = Number.NaN
    for (;;) {
      const seen = yield* watch()
      if (seen === undefined) continue
      if (Number.isNaN(begun)) begun = seen.atMillis
      const print = seen === known ? lastPrint : fingerprint(seen)
      if (print !== lastPrint) since = seen.atMillis
      lastPrint = print
      known = seen
      const missing = unmet(until, seen, leader)
      if (missing.length === 0 && seen.atMillis - since >= keepsStillMillis) return []
      if (seen.atMillis - begun > (until.withinSeconds ?? defaultWithinSeconds) * 1_000)
        return missing.length === 0 ? ["nothing kept still"] : missing
    }
  })

  /** What takes time is watched while it goes on; an embedded clock then goes as the machine's does. */
  const act = (step: Step) =>
    Effect.gen(function* () {
      const acting = perform(step, { target, names: recorder.names })
      if (step.do !== "docker" && !(step.do === "fault" && target.live)) return yield* acting
      const fiber = yield* Effect.fork(acting)
      while ((yield* Fiber.poll(fiber))._tag === "None") {
        if (!target.live) yield* Effect.sleep(embeddedStepMillis)
        yield* watch(target.live ? everyMillis : embeddedStepMillis)
      }
      return yield* Fiber.join(fiber)
    })

  options.onStart?.(recorder.names)
  yield* watch()
  yield* learnOthers
  yield* target.events
  const hasElections = target.nodes.filter(({ role }) => role === "manager").length > 1
  const first = last?.leader ?? null
  const steps: Array<StepTrace> = []
  for (const [index, written] of scenario.steps.entries()) {
    parts = partsOf(last, lost, parts)
    const { on, step } = resolve(written, parts)
    options.onBeginStep?.(index)
    recorder.beginStep()
    if (step.do === "fault" && step.fault !== "restore") lost = step.node
    if (step.do === "node" && step.patch["Role"] === "worker") lost = step.node
    const answer = yield* act(step)
    const changesNothing = (answer?.status ?? 0) >= 400 || (step.do === "call" && step.method === "GET")
    const waitedFor = yield* awaitStep(step, changesNothing ? Math.min(300, stableMillis) : stableMillis)
    yield* learnOthers
    const trace = {
      ...recorder.endStep(
        describe(written),
        normal(answer, step, recorder.names),
        waitedFor.length === 0,
        yield* target.events
      ),
      ...(on === undefined ? {} : { on })
    }
    options.onStep?.(trace, waitedFor)
    steps.push(trace)
  }
  return {
    ...{ scenario: scenario.name, by: target.by, nodes: target.nodes },
    ...(hasElections && first !== null ? { leader: first } : {}),
    steps
  } satisfies Trace
})
