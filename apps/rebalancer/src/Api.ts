/**
 * The rebalancer's HTTP answers: `/v1/state` (what it sees, does and last did) and `/v1/plan` (what it would move, and why each
 * service stays or goes). Read-only; each needs the token where one is configured.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { createHash, timingSafeEqual } from "node:crypto"
import * as Balance from "@evenkeel/domain/Balance"
import * as Journal from "@evenkeel/domain/MoveJournal"
import { Plan } from "@evenkeel/domain/Plan"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import type { RebalancerConfig } from "./RebalancerConfig.ts"
import type { RebalancerState } from "./RebalancerState.ts"

const apiVersion = "evenkeel/v1"

const digest = (text: string) => createHash("sha256").update(text).digest()

/** Compared by digest: equal time for every wrong token, whatever its length. */
const isAuthorized = (request: AdminServer.AdminRequest, token: RebalancerConfig["token"]): boolean =>
  Option.match(token, {
    onNone: () => true,
    onSome: (wanted) => {
      const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? ""
      return timingSafeEqual(digest(given), digest(Redacted.value(wanted)))
    }
  })

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
  balance: Balance.lines(Balance.of(snapshot)),
  movesUnderWay: snapshot.services.flatMap((service) => {
    const reading = Journal.read(service.labels)
    return reading._tag === "Found" ? [{ serviceName: service.name, ...reading.journal }] : []
  })
})

/** What the loop decided last, without the objects it decided on. */
const describeDecision = ({ decision }: RebalancerState) => ({
  kind: decision._tag,
  because: "because" in decision ? decision.because : null,
  service: "service" in decision ? decision.service.name : null
})

/** The routes of the API server. */
export const routes = (
  config: RebalancerConfig,
  state: Ref.Ref<RebalancerState>
): Readonly<Record<string, AdminServer.AdminHandler<never>>> => {
  const guarded =
    (
      answer: (current: RebalancerState, nowMillis: number) => AdminServer.AdminResponse
    ): AdminServer.AdminHandler<never> =>
    (request) =>
      isAuthorized(request, config.token)
        ? Effect.zipWith(Ref.get(state), Clock.currentTimeMillis, answer)
        : Effect.succeed({
            ...AdminServer.text(401, "a token is needed: Authorization: Bearer <token>"),
            headers: { "www-authenticate": "Bearer" }
          })
  return {
    "GET /v1/state": guarded((current, nowMillis) =>
      AdminServer.json(200, {
        apiVersion,
        kind: "State",
        mode: config.mode,
        readingFailure: current.readingFailure,
        decision: describeDecision(current),
        swarm: current.snapshot === null ? null : describeSnapshot(current.snapshot, nowMillis),
        problems: current.problems,
        endedMoves: current.endedMoves
      })
    ),
    "GET /v1/plan": guarded((current) =>
      current.plan === null
        ? AdminServer.text(503, "the Swarm has not been read yet")
        : AdminServer.json(200, { apiVersion, kind: "Plan", ...Schema.encodeSync(Plan)(current.plan) })
    )
  }
}
