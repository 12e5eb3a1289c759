/** Asks the consent hook about a move that is about to begin. What an answer means is `brakes/Consent`'s to say. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Move } from "@evenkeel/domain/Plan"
import type { Refusal } from "@evenkeel/executor/brakes/Brake"
import type { BrakeSettings } from "@evenkeel/executor/brakes/BrakeSettings"
import * as Consent from "@evenkeel/executor/brakes/Consent"
import { HttpPost } from "./HttpPost.ts"
import * as Telling from "./Telling.ts"

export interface ConsentHook {
  /** Null for go. */
  readonly ask: (move: Move, names: MoveNames, settings: BrakeSettings) => Effect.Effect<Refusal | null>
}

/** Hostnames, for whoever reads the question. */
export interface MoveNames {
  readonly fromName: string
  readonly toName: string
}

/** Without a hook everything is consented to. */
export const make = Effect.fn("ConsentHook.make")(function* (address: Option.Option<Redacted.Redacted>) {
  if (Option.isNone(address)) return { ask: () => Effect.succeed(null) } satisfies ConsentHook
  const url = new URL(Redacted.value(address.value))
  const http = yield* HttpPost
  return {
    ask: (move, names, settings) =>
      Effect.gen(function* () {
        const { from, order, service, serviceName, strategy, task, text, to } = move
        const question = { service, serviceName, strategy, order, task, from, to, ...names, reason: text }
        const answer = yield* http.send(url, { apiVersion: "evenkeel/v1", kind: "MayMove", move: question }).pipe(
          Effect.timeoutTo({
            duration: settings.consentTimeoutMillis,
            onSuccess: (given): Consent.Answer | null => given,
            onTimeout: () => null
          }),
          Effect.catchAll(({ message }) =>
            Effect.as(Telling.warning("consent-failed", `consent hook: ${message}`), null)
          )
        )
        return Consent.refusalOf(move, answer, settings, yield* Clock.currentTimeMillis)
      })
  } satisfies ConsentHook
})
