/** The doctor's findings as text: a line a finding, its cure below, and what it comes to. */
import type { Finding } from "../doctor/Finding.ts"
import type { View } from "../Result.ts"

export interface Diagnosis {
  /** No problem was found; warnings may be. */
  readonly healthy: boolean
  readonly findings: ReadonlyArray<Finding>
}

const words: Readonly<Record<Finding["level"], string>> = {
  ok: "ok",
  warning: "warning",
  problem: "PROBLEM",
  skipped: "skipped"
}

export const render = ({ findings }: Diagnosis, { paint }: View): string => {
  const colour = { ok: paint.green, warning: paint.yellow, problem: paint.red, skipped: paint.dim }
  const width = Math.max(...Object.values(words).map((word) => word.length))
  const checkWidth = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, cure, finding, level, subject }) => [
    `${colour[level](words[level].padEnd(width))}  ${check.padEnd(checkWidth)}  ${subject}: ${finding}`,
    ...(cure === "" ? [] : [`${" ".repeat(width + checkWidth + 4)}try: ${cure}`])
  ])
  const count = (level: Finding["level"]) => findings.filter((finding) => finding.level === level).length
  const plural = (number: number, word: string) => (number === 1 ? `1 ${word}` : `${number} ${word}s`)
  return [...lines, "", `${plural(count("problem"), "problem")}, ${plural(count("warning"), "warning")}.`, ""].join(
    "\n"
  )
}
