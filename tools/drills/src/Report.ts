/** How drills are told: for each the table of expected against seen, at the end a table of all. Pure. */
import { renderRows } from "@evenkeel/drill/TextTable"
import type { Evidence } from "./Runner.ts"
import { placementText } from "./TaskHistory.ts"
import type { Check } from "./Verdict.ts"

export interface JudgedDrill {
  readonly evidence: Evidence
  readonly checks: ReadonlyArray<Check>
}

export const hasPassed = ({ checks }: JudgedDrill): boolean => checks.every(({ passed }) => passed)

/** One drill. */
export const render = (judged: JudgedDrill): string => {
  const { checks, evidence } = judged
  const { about, name } = evidence.drill
  return [
    `${name}: ${about} (${evidence.seconds.toFixed(1)} s)`,
    renderRows(
      [{ title: "phase" }, { title: "check" }, { title: "" }, { title: "expected" }, { title: "seen" }],
      checks.map((check) => [check.phase, check.name, check.passed ? "ok" : "FAILED", check.expected, check.seen])
    )
  ].join("\n")
}

/** All of them. */
export const summary = (drills: ReadonlyArray<JudgedDrill>): string => {
  const failed = drills.filter((drill) => !hasPassed(drill)).length
  const checks = drills.reduce((count, drill) => count + drill.checks.length, 0)
  return [
    renderRows(
      [
        { title: "drill" },
        { title: "" },
        { title: "checks", align: "right" },
        { title: "seconds", align: "right" },
        { title: "placement at the end" }
      ],
      drills.map((drill) => {
        const { drill: value, phases, seconds } = drill.evidence
        const services = value.services.map(({ name }) => name)
        const nodes = value.nodes.map(({ name }) => name)
        return [
          value.name,
          hasPassed(drill) ? "passed" : "FAILED",
          `${drill.checks.filter(({ passed }) => passed).length}/${drill.checks.length}`,
          seconds.toFixed(1),
          placementText(phases.at(-1)?.samples.at(-1), services, nodes)
        ]
      })
    ),
    failed === 0
      ? `All ${drills.length} drills passed: ${checks} checks.`
      : `${failed} of ${drills.length} drills FAILED.`
  ].join("\n\n")
}

export const toJson = (target: string, drills: ReadonlyArray<JudgedDrill>): string =>
  JSON.stringify(
    {
      apiVersion: "evenkeel/v1",
      kind: "DrillVerdict",
      target,
      passed: drills.every(hasPassed),
      drills: drills.map((judged) => ({
        name: judged.evidence.drill.name,
        passed: hasPassed(judged),
        seconds: judged.evidence.seconds,
        failure: judged.evidence.failure,
        checks: judged.checks
      }))
    },
    null,
    2
  )
