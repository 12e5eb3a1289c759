/**
 * Where the demo shows itself: a terminal that is redrawn in place at most ten times a second and left as it was found, or a
 * line for each event elsewhere. The result goes to standard output, all else to the stream it is given.
 */
import type { WriteStream } from "node:tty"
import type { Audience, Scene } from "./Scene.ts"
import * as View from "./View.ts"

/** A terminal that does not tell its size, as some recorders', is taken to have the usual one. */
const sizeOf = ({ columns, rows }: { readonly columns: number; readonly rows: number }): View.Size =>
  columns > 0 && rows > 0 ? { columns, rows } : { columns: 80, rows: 24 }

export interface Screen extends Audience {
  /** A line that stays. */
  readonly line: (text: string) => void
}

const redrawEveryMs = 100

const hideCursor = "\u001b[?25l"
const showCursor = "\u001b[?25h"
const clearBelow = "\u001b[J"
const clearLine = "\u001b[K"

/** Whether escape sequences may be written there. */
export const isTerminal = (stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>>): boolean =>
  stream.isTTY && env["TERM"] !== "dumb"

/** See https://no-color.org: set and not empty. */
const paintFor = (env: Readonly<Record<string, string | undefined>>): View.Paint =>
  (env["NO_COLOR"] ?? "") === "" ? View.colored : View.plain

/** One line for each event. */
export const lines = (stream: NodeJS.WritableStream): Screen => {
  const line = (text: string): void => void stream.write(`${text}\n`)
  return {
    scene: () => undefined,
    event: (event) => line(View.eventLine(event)),
    message: line,
    line,
    leave: () => undefined
  }
}

/** `nowMs`: the clock that bounds how often it is redrawn. */
export const terminal = (
  stream: WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  nowMs: () => number
): Screen => {
  const paint = paintFor(env)
  let height = 0
  let drawnAtMs = -Infinity
  let last: Scene | null = null
  const giveBack = (): void => {
    if (height > 0) stream.write(showCursor)
    height = 0
  }
  process.once("exit", giveBack)
  const draw = (scene: Scene): void => {
    const shown = View.render(scene, sizeOf(stream), paint)
    const up = height > 0 ? `\u001b[${height}A\r` : hideCursor
    stream.write(`${up}${shown.map((text) => `${text}${clearLine}\n`).join("")}${clearBelow}`)
    height = shown.length
    drawnAtMs = nowMs()
    last = scene
  }
  /** Above the picture, which is drawn again below. */
  const line = (text: string): void => {
    stream.write(`${height > 0 ? `\u001b[${height}A\r${clearBelow}` : ""}${text}\n`)
    if (height > 0) {
      height = 0
      if (last !== null) draw(last)
    }
  }
  return {
    scene: (scene) => {
      if (nowMs() - drawnAtMs >= redrawEveryMs) draw(scene)
    },
    // Part of the scene.
    event: () => undefined,
    message: line,
    line,
    // What is shown stays above what comes next.
    leave: () => {
      giveBack()
      last = null
    }
  }
}
