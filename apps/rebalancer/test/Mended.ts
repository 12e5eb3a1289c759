/** A rebalancer that mends the world of `World.ts`, and what it tells meanwhile. */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import * as Logging from "@evenkeel/observability/Logging"
import * as Loop from "../src/Loop.ts"
import type { Notification } from "../src/Webhook.ts"
import { begin, isClean, steps, until } from "./Running.ts"
import * as World from "./World.ts"

/** What is logged, as the lines that the process writes. */
export const listening = () => {
  const lines: Array<Record<string, unknown>> = []
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.map(Logging.jsonLine, (line) => void lines.push(JSON.parse(line) as Record<string, unknown>))
  )
  return { lines, logger }
}

/** Runs a rebalancer until it has mended the world; gives its log and what the webhook was told. */
export const mended = (input: World.PartsInput = {}) =>
  Effect.gen(function* () {
    const { lines, logger } = listening()
    const told = yield* Ref.make<ReadonlyArray<Notification>>([])
    const webhook = { notify: (it: Notification) => Ref.update(told, (before) => [...before, it]) }
    const { specs, world } = yield* begin
    const parts = yield* World.partsWith({ webhook, ...input })
    yield* Effect.forkScoped(Loop.run(parts)).pipe(Effect.provide(logger))
    yield* until(world, isClean(world, specs))
    yield* steps(world, 30)
    return { lines, parts, told: yield* Ref.get(told), world }
  })
