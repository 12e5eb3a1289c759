/** Columns of text, aligned: the form of every table the drill prints. */

export interface Column {
  readonly title: string
  /** Default `left`; numbers read better `right`. */
  readonly align?: "left" | "right"
}

/** Lines of a table with a head; columns two spaces apart, no blanks at the ends of lines. */
export const renderRows = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const lines = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? "").length)))
  return lines
    .map((line) =>
      columns
        .map(({ align }, index) => {
          const cell = line[index] ?? ""
          const width = widths[index] ?? 0
          return align === "right" ? cell.padStart(width) : cell.padEnd(width)
        })
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

/** `0.42 ms`, `17 ms`, `3.2 s`: a duration in the unit that reads best. */
export const duration = (ms: number): string => {
  if (ms < 10) return `${ms.toFixed(2)} ms`
  if (ms < 1000) return `${ms.toFixed(0)} ms`
  return `${(ms / 1000).toFixed(1)} s`
}
