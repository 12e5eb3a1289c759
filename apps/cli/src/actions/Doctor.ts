/** What `evenkeel doctor` does. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Routes from "@evenkeel/domain/Routes"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import type { options } from "../commands/doctor.ts"
import type { Given } from "../grammar/Parameter.ts"
import { type Finding, ok, problem } from "../doctor/Finding.ts"
import * as Fleet from "../doctor/Fleet.ts"
import * as Managers from "../doctor/Managers.ts"
import * as PolicyState from "../doctor/PolicyState.ts"
import * as RebalancerApi from "../doctor/RebalancerApi.ts"
import * as Rights from "../doctor/Rights.ts"
import * as ExitCode from "../ExitCode.ts"
import { FileAccess, FileRefused } from "../FileAccess.ts"
import { isHttpUrl } from "../HttpUrl.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import * as DoctorView from "../views/DoctorView.ts"
import * as Problems from "../views/Problems.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ api, host, ...choice }: Given<typeof options>) =>
  Effect.gen(function* () {
    const { environment } = yield* Screen
    const url = Option.getOrUndefined(api) ?? (environment["EVENKEEL_API"] || undefined)
    if (url !== undefined && !isHttpUrl(url)) return yield* new RebalancerApi.ApiUrlWrong({ url })
    const client = yield* SwarmClient
    // First, so that an engine that cannot be reached is told as that.
    yield* client.ping
    const rights = yield* Rights.check
    const swarm = yield* Effect.match(client.reading, {
      onSuccess: ({ problems, snapshot }) => ({ snapshot, unreadable: problems }),
      onFailure: (error) => ({ snapshot: null, unreadable: [error] })
    })
    const nowMillis = yield* Clock.currentTimeMillis
    const ofSwarm =
      swarm.snapshot === null
        ? swarm.unreadable.map(({ message }) => problem("nodes", "swarm", message, "see the message"))
        : [
            ...Managers.findings(swarm.snapshot),
            ...ofProblems(swarm.snapshot, Problems.of(swarm.snapshot, swarm.unreadable, nowMillis)),
            ...Fleet.findings(swarm.snapshot)
          ]
    const policy = yield* PolicyState.findings
    const routers =
      swarm.snapshot === null
        ? 0
        : swarm.snapshot.services
            .filter(Fleet.isRouter)
            .reduce((sum, service) => sum + Fleet.serving(swarm.snapshot, service).length, 0)
    const rebalancer = yield* RebalancerApi.findings(
      url ?? null,
      url === undefined ? null : yield* tokenOf(environment),
      routers
    )
    const findings: ReadonlyArray<Finding> = [...rights, ...ofSwarm, ...policy, ...rebalancer]
    const problems = findings.filter(({ level }) => level === "problem").length
    yield* Result.show(choice, "Doctor", { healthy: problems === 0, findings }, DoctorView.render)
    if (problems > 0) return yield* new ExitCode.ExitWith({ exitCode: ExitCode.problemsFound })
  }).pipe(Effect.provide(RebalancerApi.layer), withEngine({ host }))

/** What `evenkeel status` would tell, sorted by check. The managers have their own. */
const ofProblems = (snapshot: Snapshot, problems: ReadonlyArray<Problems.Problem>): ReadonlyArray<Finding> => {
  const routed = Routes.fromSnapshot(snapshot)
  const unroutable = new Set(routed.problems.map(({ name, problem }) => `service ${name}: ${problem}`))
  const checkOf = ({ problem, subject }: Problems.Problem) => {
    if (unroutable.has(`${subject}: ${problem}`)) return problem.startsWith("label ") ? "labels" : "routes"
    return subject.startsWith("node ") ? "nodes" : "services"
  }
  const found = problems
    .filter(({ subject, problem }) => subject !== "swarm" || !/manager/.test(problem))
    .map((each) => problem(checkOf(each), each.subject, each.problem, each.cure === "" ? "see the message" : each.cure))
  const good = {
    nodes: `${snapshot.nodes.length} nodes, all ready`,
    services: `${snapshot.services.length} services, with all their tasks and nothing left of a move`,
    labels: "all can be read",
    routes: `${routed.services.length} routable services, each reachable`
  }
  return (["nodes", "services", "labels", "routes"] as const).flatMap((check) => {
    const ofCheck = found.filter((finding) => finding.check === check)
    return ofCheck.length === 0 ? [ok(check, "swarm", good[check])] : ofCheck
  })
}

const tokenOf = (environment: Readonly<Record<string, string | undefined>>) =>
  Effect.gen(function* () {
    const file = environment["EVENKEEL_TOKEN_FILE"] ?? ""
    if (file === "") return (environment["EVENKEEL_TOKEN"] ?? "").trim() || null
    const files = yield* FileAccess
    const text = yield* Effect.mapError(
      files.read(file),
      ({ path, reason }) => new FileRefused({ path: `EVENKEEL_TOKEN_FILE ${path}`, reason })
    )
    return text.trim()
  })
