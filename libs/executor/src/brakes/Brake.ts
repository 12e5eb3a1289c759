/** What a brake is: what it looks at, and what it answers. One module a brake; `Brakes` asks them all. */
import type { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import type { Move } from "@evenkeel/domain/Plan"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Stability } from "../Stability.ts"
import type { BrakeSettings, SettingKey } from "./BrakeSettings.ts"
import type { PastMove } from "./MoveHistory.ts"
import type { Policy } from "./Policy.ts"

export const names = [
  "mode",
  "policy-unknown",
  "pause",
  "sick-cluster",
  "stabilisation",
  "quarantine",
  "maintenance-window",
  "moves-at-once",
  "moves-per-cycle",
  "moves-per-hour",
  "service-limit",
  "node-limit",
  "deploy-cool-down",
  "undone-back-off",
  "task-age",
  "consent"
] as const
/** Also the value of the label `brake` of `evenkeel_rebalancer_brakes_engaged`. */
export type BrakeName = (typeof names)[number]

/** What is held back. */
export type Scope =
  | { readonly kind: "all" }
  | { readonly kind: "service"; readonly service: ServiceId; readonly name: string }
  | { readonly kind: "node"; readonly node: NodeId; readonly name: string }

export const all: Scope = { kind: "all" }

/** A brake that holds something back now. */
export interface Engaged {
  readonly brake: BrakeName
  readonly scope: Scope
  /** A sentence for people. It names its object, and changes with nothing but what it is about. */
  readonly reason: string
  /** Milliseconds since the epoch; null where no time can be told. */
  readonly untilMillis: number | null
}

/** A "not now" of the consent hook, kept until its time has come. */
export interface Refusal {
  readonly service: ServiceId
  readonly serviceName: string
  readonly reason: string
  readonly untilMillis: number
}

/** All that brakes judge by, besides the Swarm and the time. */
export interface BrakeState {
  /** What holds: the operator's word over the environment's. */
  readonly settings: BrakeSettings
  readonly policy: Policy
  /** Why policy or history could not be read; null when they were. */
  readonly policyFailure: string | null
  /** Newest first. */
  readonly history: ReadonlyArray<PastMove>
  readonly stability: Stability
  readonly refusals: ReadonlyArray<Refusal>
}

export interface BrakeInput {
  readonly state: BrakeState
  readonly snapshot: Snapshot
  readonly nowMillis: number
}

export interface Brake {
  readonly name: BrakeName
  /** What it decides, as a sentence. */
  readonly decides: string
  readonly settings: ReadonlyArray<SettingKey>
  /** An approved plan goes past it. */
  readonly yieldsToApproval: boolean
  readonly engaged: (input: BrakeInput) => ReadonlyArray<Engaged>
  /** For brakes that need to know the very move: why it may not begin now; null when it may. */
  readonly refuses?: (move: Move, input: BrakeInput) => Engaged | null
}
