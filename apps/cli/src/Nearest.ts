/** "Did you mean": the known word that is closest to the one that was typed. */

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment, Damerau 1964). */
export const distance = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)]
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const substituted = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(
        Math.min(substituted, cell(i - 1, j) + 1, cell(i, j - 1) + 1, isSwap ? cell(i - 2, j - 2) + 1 : Infinity)
      )
    }
  }
  return cell(a.length, b.length)
}

/** The closest of the known words; undefined where none is close: more than a third of the longer word would change. */
export const nearest = (word: string, known: Iterable<string>): string | undefined => {
  let best: { readonly word: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const found = distance(word.toLowerCase(), candidate.toLowerCase())
    const isClose = found <= Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))
    if (isClose && (best === undefined || found < best.distance)) best = { word: candidate, distance: found }
  }
  return best?.word
}

/** ` Did you mean "drain"?`, with the space before it; empty where nothing is close. */
export const didYouMean = (word: string, known: Iterable<string>): string => {
  const found = nearest(word, known)
  return found === undefined ? "" : ` Did you mean "${found}"?`
}
