/** Sums of squares of numbers of tasks: how small they can get, and in how few moves, if tasks may go anywhere. Pure arithmetic. */

type Counts = ReadonlyArray<number>

export const squaresOf = (counts: Counts): number => {
  let squares = 0
  for (const count of counts) squares += count * count
  return squares
}

/** The smallest sum of squares after `more` tasks are added to these counts. */
export const squaresAfter = (counts: Counts, more: number): number => {
  const sorted = counts.toSorted((a, b) => a - b)
  let squares = 0
  let [filled, sum] = [0, more]
  // Those below the level are filled up to it; the others stay as they are.
  while (filled < sorted.length && (sorted[filled] ?? 0) * filled <= sum) sum += sorted[filled++] ?? 0
  for (let i = filled; i < sorted.length; i++) squares += (sorted[i] ?? 0) ** 2
  if (filled === 0) return squares
  const base = Math.floor(sum / filled)
  const extra = sum % filled
  return squares + extra * (base + 1) ** 2 + (filled - extra) * base ** 2
}

/**
 * The fewest tasks that have to change places, each within its row, until the squares of all rows add up to `target` at most;
 * Infinity where they never do.
 */
export const movesUntil = (rows: ReadonlyArray<Counts>, target: number): number => {
  let squares = rows.reduce((sum, row) => sum + squaresOf(row), 0)
  if (squares <= target) return 0
  const left = rows.map((row) => [...row])
  let moves = 0
  while (squares > target) {
    let best = 0
    let found: readonly [row: Array<number>, most: number, least: number] | null = null
    for (const row of left) {
      let [most, least] = [0, 0]
      for (let i = 1; i < row.length; i++) {
        if ((row[i] ?? 0) > (row[most] ?? 0)) most = i
        if ((row[i] ?? 0) < (row[least] ?? 0)) least = i
      }
      const gain = (row[most] ?? 0) - (row[least] ?? 0) - 1
      if (gain > best) {
        best = gain
        found = [row, most, least]
      }
    }
    if (found === null) return Infinity
    const [row, most, least] = found
    squares -= 2 * best
    row[most] = (row[most] ?? 0) - 1
    row[least] = (row[least] ?? 0) + 1
    moves++
  }
  return moves
}
