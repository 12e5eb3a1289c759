/**
 * All brakes together: which are on, and what that means for the next decision. Pure; every answer names its brake, its
 * reason and, where it can be told, its end.
 */
import type { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import type { Move } from "@evenkeel/domain/Plan"
import type { PlannerPolicy } from "@evenkeel/domain/planner/PlannerPolicy"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { type Brake, type BrakeName, type BrakeState, type Engaged, names } from "./Brake.ts"
import * as Consent from "./Consent.ts"
import * as DeployCoolDown from "./DeployCoolDown.ts"
import * as FlapQuarantine from "./FlapQuarantine.ts"
import * as Limits from "./Limits.ts"
import * as MaintenanceWindows from "./MaintenanceWindows.ts"
import * as Mode from "./Mode.ts"
import * as Pacing from "./Pacing.ts"
import * as PauseSwitch from "./PauseSwitch.ts"
import { approvalAt, approves } from "./Policy.ts"
import * as PolicyUnknown from "./PolicyUnknown.ts"
import * as SickCluster from "./SickCluster.ts"
import * as StabilisationWindow from "./StabilisationWindow.ts"
import * as TaskAge from "./TaskAge.ts"
import * as UndoneBackOff from "./UndoneBackOff.ts"

/** By name; every name has its brake. */
export const brakes: Readonly<Record<BrakeName, Brake>> = {
  mode: Mode.brake,
  "policy-unknown": PolicyUnknown.brake,
  pause: PauseSwitch.brake,
  "sick-cluster": SickCluster.brake,
  stabilisation: StabilisationWindow.brake,
  quarantine: FlapQuarantine.brake,
  "maintenance-window": MaintenanceWindows.brake,
  "moves-at-once": Pacing.atOnce,
  "moves-per-cycle": Pacing.perCycle,
  "moves-per-hour": Pacing.perHour,
  "service-limit": Limits.perService,
  "node-limit": Limits.perNode,
  "deploy-cool-down": DeployCoolDown.brake,
  "undone-back-off": UndoneBackOff.brake,
  "task-age": TaskAge.brake,
  consent: Consent.brake
}

/** In the order of `names`, which is the order in which they are given as reasons. */
const inOrder: ReadonlyArray<Brake> = names.map((name) => brakes[name])

/** Every brake that holds something back now. */
export const engaged = (state: BrakeState, snapshot: Snapshot, nowMillis: number): ReadonlyArray<Engaged> =>
  inOrder.flatMap((brake) => brake.engaged({ state, snapshot, nowMillis }))

/** What the brakes leave of a decision. */
export interface Held {
  /** Why no move at all may begin; null when one may. */
  readonly halted: Engaged | null
  /** What the planner must not touch. */
  readonly planner: Pick<
    PlannerPolicy,
    "coolDown" | "pausedServices" | "excludedNodes" | "maxServiceSkew" | "maxGroupSkew" | "maxNodeSkew" | "allowGaps"
  >
  /** Why this move may not begin; null when it may. */
  readonly refuses: (move: Move) => Engaged | null
}

/** What these engaged brakes mean. An approved plan goes past those that yield to it, and only its own moves do. */
export const held = (on: ReadonlyArray<Engaged>, state: BrakeState, snapshot: Snapshot, nowMillis: number): Held => {
  const approval = approvalAt(state.policy, nowMillis)
  const yields = ({ brake }: Engaged): boolean => brakes[brake].yieldsToApproval
  const isApproved = (service: ServiceId): boolean =>
    approval !== null && approval.moves.some((move) => move.service === service)
  const halting = on.filter(({ scope }) => scope.kind === "all")
  const hardest = halting.find((each) => !yields(each)) ?? null
  const halted = hardest ?? (approval === null ? (halting[0] ?? null) : null)

  const coolDown = new Set<ServiceId>()
  const pausedServices = new Set<ServiceId>()
  const excludedNodes = new Set<NodeId>()
  for (const each of on) {
    const { scope } = each
    if (scope.kind === "node" && !(approval !== null && yields(each))) excludedNodes.add(scope.node)
    if (scope.kind !== "service" || (yields(each) && isApproved(scope.service))) continue
    if (each.brake === "pause") pausedServices.add(scope.service)
    else coolDown.add(scope.service)
  }
  const { allowGaps, maxGroupSkew, maxNodeSkew, maxServiceSkew } = state.settings
  return {
    halted,
    planner: { coolDown, pausedServices, excludedNodes, maxServiceSkew, maxGroupSkew, maxNodeSkew, allowGaps },
    refuses: (move) => {
      const goesPast = approves(approval, move)
      // Of the very service: what else is approved may still begin.
      const scope = { kind: "service", service: move.service, name: move.serviceName } as const
      if (!goesPast && halting[0] !== undefined) return { ...halting[0], scope }
      for (const brake of inOrder) {
        if (goesPast && brake.yieldsToApproval) continue
        const refusal = brake.refuses?.(move, { state, snapshot, nowMillis }) ?? null
        if (refusal !== null) return refusal
      }
      return null
    }
  }
}
