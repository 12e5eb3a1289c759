/** What a check of the doctor found. Every problem and warning names its object and its cure. */

export interface Finding {
  /** `rights`, `managers`, `nodes`, `services`, `routes`, `routers`, `versions`, `policy`, `rebalancer`. */
  readonly check: string
  /** `problem`: to be mended. `warning`: worth knowing. `skipped`: not looked at, and the cure says how to. */
  readonly level: "ok" | "warning" | "problem" | "skipped"
  /** `node n1`, `service p2p_vvm1`, `swarm`. */
  readonly subject: string
  readonly finding: string
  /** Empty where nothing is to be done. */
  readonly cure: string
}

export const ok = (check: string, subject: string, finding: string): Finding => ({
  check,
  level: "ok",
  subject,
  finding,
  cure: ""
})

export const warning = (check: string, subject: string, finding: string, cure: string): Finding => ({
  check,
  level: "warning",
  subject,
  finding,
  cure
})

export const problem = (check: string, subject: string, finding: string, cure: string): Finding => ({
  check,
  level: "problem",
  subject,
  finding,
  cure
})

export const skipped = (check: string, subject: string, finding: string, cure: string): Finding => ({
  check,
  level: "skipped",
  subject,
  finding,
  cure
})
