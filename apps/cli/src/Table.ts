/**
 * Rows as aligned text: two spaces between columns, no lines drawn, no trailing blanks, one record a line whatever the width.
 */
import { type Paint, widthOf } from "./Color.ts"

export interface Column {
  readonly title: string
  /** Numbers stand at the right. Defaults to `left`. */
  readonly align?: "left" | "right"
}

const gap = "  "

const cell = (text: string, width: number, align: "left" | "right"): string => {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)))
  return align === "right" ? blanks + text : text + blanks
}

/** The width of a table's widest line. */
export const widthOfRows = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>): number =>
  columnWidths(columns, rows).reduce((sum, width) => sum + width, gap.length * Math.max(0, columns.length - 1))

const columnWidths = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  columns.map(({ title }, at) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ""))))

/** A heading and the rows, each line ended by a line feed. */
export const render = (
  columns: ReadonlyArray<Column>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  paint: Paint
): string => {
  const widths = columnWidths(columns, rows)
  const line = (cells: ReadonlyArray<string>) =>
    columns
      .map(({ align }, at) => cell(cells[at] ?? "", widths[at] ?? 0, align ?? "left"))
      .join(gap)
      .trimEnd()
  return [paint.bold(line(columns.map(({ title }) => title))), ...rows.map(line)].map((text) => `${text}\n`).join("")
}
