/** What a check of the doctor found. Every problem and warning names its object and its cure. */

/** What is looked at; `docs/runbook.md` says of each what its findings mean. */
export const checks = [
  "rights",
  "managers",
  "nodes",
  "services",
  "labels",
  "routes",
  "routers",
  "rebalancer",
  "versions",
  "policy"
] as const
export type Check = (typeof checks)[number]

export interface Finding {
  readonly check: Check
  /** `problem`: to be mended. `warning`: worth knowing. `skipped`: not looked at, and the cure says how to. */
  readonly level: "ok" | "warning" | "problem" | "skipped"
  /** `node n1`, `service p2p_vvm1`, `swarm`. */
  readonly subject: string
  readonly finding: string
  /** Empty where nothing is to be done. */
  readonly cure: string
}

export const ok = (check: Check, subject: string, finding: string): Finding => ({
  check,
  level: "ok",
  subject,
  finding,
  cure: ""
})

export const warning = (check: Check, subject: string, finding: string, cure: string): Finding => ({
  check,
  level: "warning",
  subject,
  finding,
  cure
})

export const problem = (check: Check, subject: string, finding: string, cure: string): Finding => ({
  check,
  level: "problem",
  subject,
  finding,
  cure
})

export const skipped = (check: Check, subject: string, finding: string, cure: string): Finding => ({
  check,
  level: "skipped",
  subject,
  finding,
  cure
})
