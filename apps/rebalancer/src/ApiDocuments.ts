/** What the API shows: documents made from what this instance knows. Pure. */
import * as Schema from "effect/Schema"
import * as Balance from "@evenkeel/domain/Balance"
import * as Journal from "@evenkeel/domain/MoveJournal"
import { Plan } from "@evenkeel/domain/Plan"
import * as Skews from "@evenkeel/domain/Skews"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { BrakeState, Engaged } from "@evenkeel/executor/brakes/Brake"
import type { PastMove } from "@evenkeel/executor/brakes/MoveHistory"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import type { Decision } from "@evenkeel/executor/Decision"
import { apiVersion } from "./ApiProblem.ts"
import type { RebalancerState } from "./RebalancerState.ts"

const instant = (millis: number): string => new Date(millis).toISOString()
const until = (millis: number | null): string | null => (millis === null ? null : instant(millis))

/** More nodes times services than this, and a line of every node for each service is nothing to read. */
const wholeBalanceUpTo = 20_000

/** One line each: with the tasks on every node, or in a large cluster the skew alone, of what is uneven. */
const balanceLines = (snapshot: Snapshot): ReadonlyArray<string> => {
  if (snapshot.nodes.length * snapshot.services.length <= wholeBalanceUpTo) return Balance.lines(Balance.of(snapshot))
  const { groups, nodes, services } = Skews.of(snapshot)
  const uneven = (scope: string, each: { readonly name: string; readonly skew: number }) =>
    each.skew > 1 ? [`${scope} ${each.name}: skew ${each.skew}`] : []
  return [
    ...groups.flatMap((group) => uneven("group", group)),
    ...services.flatMap((service) => uneven("service", service)),
    `all tasks: skew ${nodes}`
  ]
}

const describeSnapshot = (snapshot: Snapshot, nowMillis: number) => ({
  ageMillis: nowMillis - snapshot.readAtMillis,
  raftIndex: snapshot.raftIndex,
  quorum: snapshot.hasQuorum,
  leader: snapshot.leader?.hostname ?? null,
  readByLeader: snapshot.isReadByLeader,
  nodes: snapshot.nodes.map(({ id, hostname, role, state, availability }) => ({
    id,
    hostname,
    role,
    state,
    availability,
    tasks: snapshot.tasksOnNode(id).filter((task) => task.isServing).length
  })),
  balance: balanceLines(snapshot),
  movesUnderWay: snapshot.services.flatMap((service) => {
    const reading = Journal.read(service.labels)
    return reading._tag === "Found" ? [{ serviceName: service.name, ...reading.journal }] : []
  })
})

/** What the loop decided last, without the objects it decided on. */
const describeDecision = (decision: Decision) => ({
  kind: decision._tag,
  because: "because" in decision ? decision.because : null,
  service: "service" in decision ? decision.service.name : null
})

export const describeEngaged = ({ brake, reason, scope, untilMillis }: Engaged) => ({
  brake,
  holds: scope.kind === "all" ? "all" : `${scope.kind} ${scope.name}`,
  reason,
  until: until(untilMillis)
})

export interface About {
  readonly version: string
  readonly hostname: string
  /** Routers that follow this instance's feed; null before it serves one. */
  readonly routers: number | null
}

export const state = (about: About, current: RebalancerState, brakes: BrakeState, nowMillis: number) => ({
  apiVersion,
  kind: "State",
  ...about,
  mode: brakes.settings.mode,
  readingFailure: current.readingFailure,
  policyFailure: brakes.policyFailure,
  decision: describeDecision(current.decision),
  brakes: current.engaged.map(describeEngaged),
  swarm: current.snapshot === null ? null : describeSnapshot(current.snapshot, nowMillis),
  problems: current.problems
})

export const plan = (value: Plan) => ({ apiVersion, kind: "Plan", ...Schema.encodeSync(Plan)(value) })

export const move = ({ endedAtMillis, startedAtMillis, ...past }: PastMove) => ({
  ...past,
  startedAt: instant(startedAtMillis),
  endedAt: instant(endedAtMillis)
})

export const moves = (history: ReadonlyArray<PastMove>) => ({ apiVersion, kind: "Moves", items: history.map(move) })

export const policy = (brakes: BrakeState, revision: number, engaged: ReadonlyArray<Engaged>, nowMillis: number) => {
  const approval = Policy.approvalAt(brakes.policy, nowMillis)
  return {
    apiVersion,
    kind: "Policy",
    revision,
    /** What operators have set; `effective` holds these and, for the rest, this instance's environment. */
    settings: brakes.policy.settings,
    effective: brakes.settings,
    pauses: Policy.pausesAt(brakes.policy, nowMillis).map(({ sinceMillis, untilMillis, ...pause }) => ({
      ...pause,
      since: instant(sinceMillis),
      until: until(untilMillis)
    })),
    quarantines: Policy.quarantinesAt(brakes.policy, nowMillis).map(({ sinceMillis, untilMillis, ...quarantine }) => ({
      ...quarantine,
      since: instant(sinceMillis),
      until: until(untilMillis)
    })),
    approval:
      approval === null
        ? null
        : {
            by: approval.by,
            at: instant(approval.atMillis),
            until: instant(approval.untilMillis),
            moves: approval.moves
          },
    engaged: engaged.map(describeEngaged)
  }
}
