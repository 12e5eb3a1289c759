/**
 * Whether a run on the real Swarm was disturbed by the machine it ran on: on a slow one Swarm itself declares living nodes down
 * or changes its leader, though nobody did anything to them. Such a run says nothing about Swarm's rules. Judged by the trace
 * alone; Swarm's own reaction to a step's fault is none.
 */
import type { Scenario, Step } from "./Scenario.ts"
import type { StepTrace, Trace } from "./Trace.ts"

/** What disturbed the run, a line each; empty when nothing did. */
export const disturbances = (scenario: Scenario, trace: Trace): ReadonlyArray<string> => {
  const managers = trace.nodes.filter(({ role }) => role === "manager").length
  const found: Array<string> = []
  /** Taken away by a step, or with an engine that a step has restarted. */
  const touched = new Set<string>()
  for (const [i, seen] of trace.steps.entries()) {
    const step = scenario.steps[i]
    if (step === undefined) continue
    const place = `step ${i + 1} (${seen.step})`
    const node = seen.on ?? ("node" in step ? step.node : undefined)
    if (step.do === "fault" && step.fault !== "restore" && node !== undefined) touched.add(node)
    if (!seen.reached) found.push(`${place}: its end was not reached in time`)
    for (const { name, states } of seen.nodes) {
      const came = states.slice(1)
      if (came.includes("down") && !touched.has(name))
        found.push(`${place}: ${name} was declared down, though it lived`)
      if (came.includes("unknown") && managers === 1)
        found.push(`${place}: ${name} became unknown: the only manager lost its leadership`)
    }
    if ((seen.leaders?.length ?? 0) > 1 && !movesLeader(step, seen))
      found.push(`${place}: the leader changed by itself`)
    if (step.do === "fault" && step.fault === "restore" && node !== undefined) touched.delete(node)
  }
  return found
}

/** Faults, returns and roles of managers may move it. */
const movesLeader = (step: Step, { on }: StepTrace): boolean =>
  step.do === "fault" || step.until?.leader !== undefined || (step.do === "node" && on !== undefined)
