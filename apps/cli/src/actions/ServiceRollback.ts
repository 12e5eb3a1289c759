/**
 * What `evenkeel service rollback` does: finds what to go back to, shows the difference, asks, and writes it under the version
 * that was shown. Where no move has come in between it is Swarm's own rollback.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import * as PreviousSpecs from "@evenkeel/executor/PreviousSpecs"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/service/rollback.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import * as SpecDiff from "../views/SpecDiff.ts"
import { withEngine } from "../WithEngine.ts"

/** Represents a service that was never deployed with another spec, as far as anybody has kept it. */
export class NothingToRollBackTo extends Schema.TaggedError<NothingToRollBackTo>()("NothingToRollBackTo", {
  service: Schema.String
}) {
  override get message(): string {
    return `service ${this.service} has no previous spec to go back to: deploy the one you want`
  }
}

const sources = {
  swarm: "Swarm's previous spec",
  cleaned: "Swarm's previous spec, without what a move left in it",
  kept: "the previous spec that was kept when the service was moved"
} as const

export const run = (given: Given<typeof options>) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const client = yield* SwarmClient
    const record = yield* client.service(given.service)
    const { service, version } = record
    const target = yield* PreviousSpecs.rollbackTarget(record)
    if (target === null) return yield* new NothingToRollBackTo({ service: service.name })
    const changes = SpecDiff.of(target.currentText, target.specText)
    yield* screen.tell(`${service.name} goes back to ${sources[target.source]}:`)
    yield* screen.tell(SpecDiff.render(changes, yield* Result.stderrView(given)))
    if (MoveProgress.isTouched(service))
      yield* screen.tell("A move of it is under way or has left something: that ends with it.")
    yield* Asking.confirm({
      command: `evenkeel service rollback ${given.service}`,
      question: `Roll ${service.name} back?`,
      yes: given.yes
    })
    const isSwarms = target.source === "swarm"
    yield* Effect.uninterruptible(
      client.updateService({
        id: service.id,
        version,
        specText: isSwarms ? record.specText : target.specText,
        ...(isSwarms ? { rollback: "previous" as const } : {})
      })
    )
    // What was kept belongs to the spec that has just gone.
    yield* PreviousSpecs.sweep().pipe(Effect.catchAll((error) => screen.tell(error.message)))
    yield* Result.show(
      given,
      "RolledBack",
      { service: service.id, serviceName: service.name, source: target.source, changes },
      () => `${service.name} is going back: docker service ps ${service.name}\n`
    )
  }).pipe(withEngine(given))
