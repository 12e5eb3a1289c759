/** The whole demo: its runs, what they came to, and what is said at the end. */
import * as Effect from "effect/Effect"
import * as Cluster from "./Cluster.ts"
import type { DemoOptions } from "./Options.ts"
import * as Outcome from "./Outcome.ts"
import * as Run from "./Run.ts"
import type { Screen } from "./Screen.ts"
import { socketOf, tokenFile } from "./sim/SimSite.ts"
import type { RunResult } from "./Story.ts"

/** What `--json` prints. */
export interface DemoReport {
  readonly kind: "Demo"
  readonly speed: number
  readonly seed: number
  readonly node: string
  readonly fault: string
  readonly mesh: RunResult
  readonly alone: RunResult
  readonly evenkeel: RunResult
  /** Empty: all as promised. */
  readonly problems: ReadonlyArray<string>
}

/** What can be done with a cluster that was left running. */
export const hints = ({ cluster, entry }: Pick<Run.Told, "cluster" | "entry">, node: string): ReadonlyArray<string> => {
  const endpoint = `unix://${socketOf(cluster.folder, "n1")}`
  return [
    "The cluster runs on until Ctrl-C. In another terminal:",
    `  curl -H 'Host: vvm' ${entry}/`,
    `  docker -H ${endpoint} node ls`,
    `  export DOCKER_HOST=${endpoint} EVENKEEL_TOKEN_FILE=${tokenFile(cluster.folder)}`,
    `  node ${Cluster.apps}/cli/main.mjs status`,
    `  node ${Cluster.apps}/cli/main.mjs sim node crash ${node === "n1" ? "n2" : node}`,
    `  node ${Cluster.apps}/cli/main.mjs sim node restore ${node === "n1" ? "n2" : node}`,
    `Logs of routers and rebalancers: ${cluster.folder}/*.log`
  ]
}

/** `result` is told the table, or the JSON; the answer says whether all was as promised. */
export const run = Effect.fn("Demo.run")(function* (
  options: DemoOptions,
  screen: Screen,
  result: (text: string) => void
) {
  const { fault, json, keep, node, seed, speed } = options
  screen.line(
    `The same story three times: Swarm with its own mesh, modelled; Swarm alone behind Evenkeel's routers; Swarm with Evenkeel. Times are simulated: ${speed} s in one of the clock.`
  )
  const { result: mesh } = yield* Effect.scoped(Run.tell("mesh", options, screen))
  const { result: alone } = yield* Effect.scoped(Run.tell("alone", options, screen))
  const told = yield* Run.tell("evenkeel", options, screen)
  screen.leave()
  const evenkeel = told.result
  const problems = Outcome.problemsOf([mesh, alone], evenkeel)
  const report: DemoReport = { kind: "Demo", speed, seed, node, fault, mesh, alone, evenkeel, problems }
  result(json ? `${JSON.stringify(report, undefined, 2)}\n` : `\n${Outcome.compare([mesh, alone, evenkeel])}\n`)
  for (const problem of problems) screen.line(`Not as promised: ${problem}`)
  if (keep) {
    for (const hint of hints(told, node)) screen.line(hint)
    yield* told.watch
  }
  return problems.length === 0
}, Effect.scoped)
