/** The command's start-up as text and as a verdict. Pure. */
import type { Measured } from "./Measure.ts"

/** `evenkeel version` against `node -e 0`, medians of wall-clock time: at most, and what is aimed at. */
export const gate = 2.5
export const aim = 2.0

const gated = "evenkeel version"

const baseOf = (measured: ReadonlyArray<Measured>): number => measured[0]?.medianMillis ?? Number.NaN

/** How many times as long as `node -e 0`, the first of the list. */
export const ratioOf = (measured: ReadonlyArray<Measured>, each: Measured): number =>
  each.medianMillis / baseOf(measured)

export const passes = (measured: ReadonlyArray<Measured>): boolean =>
  measured.some((each) => each.name === gated && ratioOf(measured, each) <= gate)

export const lines = (measured: ReadonlyArray<Measured>): ReadonlyArray<string> => {
  const width = Math.max(...measured.map(({ name }) => name.length))
  const row = (name: string, ...cells: ReadonlyArray<string>) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join(" ")
  const [version] = measured.filter(({ name }) => name === gated)
  const ratio = version === undefined ? Number.NaN : ratioOf(measured, version)
  return [
    row("", "median ms", "least ms", "CPU ms", "ratio"),
    ...measured.map((each) =>
      row(
        each.name,
        each.medianMillis.toFixed(1),
        each.leastMillis.toFixed(1),
        each.cpuMillis === null ? "-" : each.cpuMillis.toFixed(1),
        `${ratioOf(measured, each).toFixed(2)}×`
      )
    ),
    `${gated}: ${ratio.toFixed(2)}×, gate ${gate}×: ${ratio <= gate ? "holds" : "FAILS"}, aim ${aim}×: ${ratio <= aim ? "met" : "missed"}`
  ]
}
