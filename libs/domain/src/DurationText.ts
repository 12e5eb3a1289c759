/** The text of a duration as people write it: `500ms`, `30s`, `2m`, `1h`. Apart from its schema, for programs that start often. */

const unitMillis = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** What is expected, as the end of a sentence. */
export const expected = "expected a duration such as 500ms, 30s, 2m or 1h"

/** Whole milliseconds; null for any other text. A number without a unit is refused: nobody should have to guess it. */
export const parse = (text: string): number | null => {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text.trim())
  return match === null ? null : Math.round(Number(match[1]) * unitMillis[match[2] as keyof typeof unitMillis])
}
