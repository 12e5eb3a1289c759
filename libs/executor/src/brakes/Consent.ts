/**
 * Asks whoever knows the application before a move begins. The hook gets the move as JSON by HTTP POST: a 2xx means go; a 409,
 * or `{"verdict": "not-now", "retryAfter": SECONDS}` with any status, means not now; and so does every other answer and none
 * in time. Says what an answer means and keeps the refusals; `apps/rebalancer` does the asking.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Move } from "@evenkeel/domain/Plan"
import type { Brake, Refusal } from "./Brake.ts"
import type { BrakeSettings } from "./BrakeSettings.ts"

/** What the hook answered; null when nothing came in time. */
export interface Answer {
  readonly status: number
  readonly body: string
}

const Verdict = Schema.parseJson(
  Schema.Struct({
    verdict: Schema.optional(Schema.String),
    /** Seconds. */
    retryAfter: Schema.optional(Schema.NonNegative),
    reason: Schema.optional(Schema.String)
  })
)

/** However long the hook asks for, it is asked again after this. */
const longestWaitMillis = 86_400_000

/** Null for go. */
export const refusalOf = (
  move: Pick<Move, "service" | "serviceName">,
  answer: Answer | null,
  settings: BrakeSettings,
  nowMillis: number
): Refusal | null => {
  const verdict = Option.getOrElse(
    Schema.decodeUnknownOption(Verdict)(answer?.body ?? ""),
    () => ({}) as typeof Verdict.Type
  )
  const isSuccess = answer !== null && answer.status >= 200 && answer.status < 300
  if (isSuccess && verdict.verdict !== "not-now") return null
  const waitMillis = Math.min((verdict.retryAfter ?? settings.consentRetryMillis / 1_000) * 1_000, longestWaitMillis)
  const said =
    answer === null
      ? "gave no answer in time"
      : verdict.reason !== undefined
        ? `said not now: ${verdict.reason.slice(0, 200)}`
        : answer.status === 409 || verdict.verdict === "not-now"
          ? "said not now"
          : `answered with status ${answer.status}`
  return {
    service: move.service,
    serviceName: move.serviceName,
    reason: `the consent hook ${said}`,
    untilMillis: nowMillis + waitMillis
  }
}

/** The refusals that still hold, with one more. */
export const withRefusal = (
  refusals: ReadonlyArray<Refusal>,
  refusal: Refusal | null,
  nowMillis: number
): ReadonlyArray<Refusal> => [
  ...refusals.filter(({ service, untilMillis }) => nowMillis < untilMillis && service !== refusal?.service),
  ...(refusal === null ? [] : [refusal])
]

export const brake: Brake = {
  name: "consent",
  decides: "whether the consent hook has said not now",
  settings: ["consentTimeoutMillis", "consentRetryMillis"],
  yieldsToApproval: false,
  engaged: ({ nowMillis, state: { refusals } }) =>
    refusals
      .filter(({ untilMillis }) => nowMillis < untilMillis)
      .map(({ reason, service, serviceName, untilMillis }) => ({
        brake: "consent",
        scope: { kind: "service", service, name: serviceName },
        reason: `service ${serviceName}: ${reason}`,
        untilMillis
      }))
}
