/** What the loops of one process share, made once. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Move, Plan } from "@evenkeel/domain/Plan"
import type { Refusal } from "@evenkeel/executor/brakes/Brake"
import * as FlapQuarantine from "@evenkeel/executor/brakes/FlapQuarantine"
import * as Stability from "@evenkeel/executor/Stability"
import type { FeedReading } from "@evenkeel/feed/FeedLog"
import type { ConsentHook } from "./ConsentHook.ts"
import * as HistoryKeeper from "./HistoryKeeper.ts"
import * as Planning from "./Planning.ts"
import * as PolicyWatch from "./PolicyWatch.ts"
import type { RebalancerConfig } from "./RebalancerConfig.ts"
import * as State from "./RebalancerState.ts"
import type { Webhook } from "./Webhook.ts"

/** The plan whose moves are being made, and those that have not begun. */
export interface OpenPlan {
  readonly plan: Plan
  readonly left: ReadonlyArray<Move>
}

export interface LoopParts {
  readonly config: RebalancerConfig
  readonly state: Ref.Ref<State.RebalancerState>
  readonly stability: Ref.Ref<Stability.Stability>
  readonly losses: Ref.Ref<FlapQuarantine.NodeLosses>
  readonly policy: PolicyWatch.PolicyWatch
  readonly history: HistoryKeeper.HistoryKeeper
  readonly refusals: Ref.Ref<ReadonlyArray<Refusal>>
  readonly openPlan: Ref.Ref<OpenPlan | null>
  /** Operations that this process began. */
  readonly begun: Ref.Ref<ReadonlySet<string>>
  /** Services whose move this process began and has not settled yet: it brings them to an end whatever the mode becomes. */
  readonly owed: Ref.Ref<ReadonlySet<ServiceId>>
  /** How the last step failed; null when it did not. Told once, however often it is tried again. */
  readonly stepFailure: Ref.Ref<string | null>
  /** The same of what was to be written into the policy last. */
  readonly policyFailure: Ref.Ref<string | null>
  readonly plans: Planning.Planning
  readonly published: SubscriptionRef.SubscriptionRef<FeedReading | null>
  readonly webhook: Webhook
  readonly consent: ConsentHook
}

/** What a new process begins with: it knows nothing of what another one did. */
export const make = Effect.fn("LoopParts.make")(function* (
  given: Pick<LoopParts, "config" | "webhook" | "consent">
): Effect.fn.Return<LoopParts> {
  return {
    ...given,
    state: yield* Ref.make(State.initial),
    stability: yield* Ref.make(Stability.initial(yield* Clock.currentTimeMillis)),
    losses: yield* Ref.make(FlapQuarantine.nothingSeen),
    policy: yield* PolicyWatch.make,
    history: yield* HistoryKeeper.make,
    refusals: yield* Ref.make<ReadonlyArray<Refusal>>([]),
    openPlan: yield* Ref.make<OpenPlan | null>(null),
    begun: yield* Ref.make<ReadonlySet<string>>(new Set()),
    owed: yield* Ref.make<ReadonlySet<ServiceId>>(new Set()),
    stepFailure: yield* Ref.make<string | null>(null),
    policyFailure: yield* Ref.make<string | null>(null),
    plans: yield* Planning.make,
    published: yield* SubscriptionRef.make<FeedReading | null>(null)
  }
})
