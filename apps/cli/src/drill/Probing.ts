/**
 * Sends requests at a steady rate, whatever became of the ones before, and tallies them by phase: a service that stalls cannot
 * slow the load down and so hide its stall. Ends with its scope.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { OpenLoopSchedule } from "@evenkeel/drill/OpenLoopSchedule"
import { Prober, type Target } from "./Prober.ts"
import { ProbeTally } from "./ProbeTally.ts"

export interface ProbingOptions {
  /** In turn. */
  readonly targets: ReadonlyArray<Target>
  /** Requests a second, all targets together. */
  readonly ratePerS: number
  /** A request without its whole answer after this has failed. */
  readonly timeoutMs: number
  readonly firstPhase: string
}

export interface Probing {
  readonly tally: ProbeTally
  readonly begin: (phase: string) => Effect.Effect<void>
  /** Waits until each request that was sent by now has been answered or has failed. */
  readonly answered: Effect.Effect<void>
  /** Sends no more, and waits for what is under way. */
  readonly finish: Effect.Effect<void>
}

export const start = Effect.fn("Probing.start")(function* ({
  firstPhase,
  ratePerS,
  targets,
  timeoutMs
}: ProbingOptions) {
  const { probe } = yield* Prober
  const startedAtMillis = yield* Clock.currentTimeMillis
  const tally = new ProbeTally(firstPhase, startedAtMillis)
  const schedule = new OpenLoopSchedule(
    targets.map(() => ratePerS / targets.length),
    startedAtMillis
  )
  const underWay = yield* FiberSet.make<void>()
  const send = Effect.fnUntraced(function* (target: Target, intendedAtMillis: number) {
    const ended = tally.sent(target.url, intendedAtMillis)
    const wrong = yield* probe(target, timeoutMs)
    ended(yield* Clock.currentTimeMillis, wrong)
  })
  const loop = Effect.gen(function* () {
    while (true) {
      for (const { intendedAt, traffic } of schedule.take(yield* Clock.currentTimeMillis)) {
        const target = targets[traffic]
        if (target !== undefined) yield* FiberSet.run(underWay, send(target, intendedAt))
      }
      yield* Effect.sleep(Math.max(1, schedule.nextAt - (yield* Clock.currentTimeMillis)))
    }
  })
  const sending = yield* Effect.forkScoped(loop)
  const answered = Effect.suspend(() => Effect.asVoid(Fiber.awaitAll(underWay)))
  const probing: Probing = {
    tally,
    begin: (phase) => Effect.map(Clock.currentTimeMillis, (now) => tally.begin(phase, now)),
    answered,
    finish: Effect.zipRight(Fiber.interrupt(sending), answered)
  }
  return probing
})
