/** What rebalancers tell operators, read from the text of their metrics. Pure. */
import type { Told } from "../Target.ts"

const valueOf = (line: string): number => Number(line.slice(line.lastIndexOf(" ") + 1))

export const read = (pages: ReadonlyArray<string>): Told => {
  const lines = pages.flatMap((page) => page.split("\n"))
  const held = lines.filter((line) => /^evenkeel_rebalancer_move_held[ {]/.test(line))
  const undone = lines.filter((line) => /^evenkeel_rebalancer_moves_total\{.*result="undone"/.test(line))
  return {
    isHeld: held.some((line) => valueOf(line) > 0),
    undone: undone.reduce((sum, line) => sum + valueOf(line), 0)
  }
}

/** Whether every instance has read the Swarm. */
export const haveRead = (pages: ReadonlyArray<string>): boolean =>
  pages.every((page) =>
    page
      .split("\n")
      .some((line) => /^evenkeel_rebalancer_readings_total\{.*result="read"/.test(line) && valueOf(line) > 0)
  )
