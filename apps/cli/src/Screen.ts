/**
 * Where the command talks to its user: results to stdout, messages and questions to stderr, answers from stdin. A service, so
 * that commands run in a process of their own and inside a test alike. Decides nothing about what is said.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface ScreenShape {
  /** Writes a result to stdout; a line feed is added where the text does not end with one. */
  readonly print: (text: string) => Effect.Effect<void>
  /** Writes a message to stderr; a line feed is added where the text does not end with one. */
  readonly tell: (text: string) => Effect.Effect<void>
  /** Asks on stderr and gives the line that was answered, trimmed; null when stdin ended instead. */
  readonly ask: (question: string) => Effect.Effect<string | null>
  /** Whether a person can be asked: stdin and stderr are terminals. */
  readonly isInteractive: boolean
  readonly isStdoutTerminal: boolean
  readonly isStderrTerminal: boolean
  /** Columns of stdout; null where it is not a terminal. */
  readonly columns: number | null
  readonly environment: Readonly<Record<string, string | undefined>>
}

export class Screen extends Context.Tag("@evenkeel/cli/Screen")<Screen, ScreenShape>() {}

const endLine = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`)

const askOnTerminal = (question: string): Effect.Effect<string | null> =>
  Effect.async<string | null>((resume) => {
    let close = () => {}
    // Loaded when a question is asked: most commands ask none.
    void import("node:readline").then(({ createInterface }) => {
      const lines = createInterface({ input: process.stdin, output: stderr() })
      close = () => lines.close()
      let answered = false
      lines.once("close", () => {
        if (answered) return
        // What is said next does not stand behind the question.
        stderr().write("\n")
        resume(Effect.succeed(null))
      })
      // readline takes Ctrl-C from the terminal; it means what it means everywhere else.
      lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"))
      lines.question(`${question} `, (answer) => {
        answered = true
        lines.close()
        resume(Effect.succeed(answer.trim()))
      })
    })
    return Effect.sync(() => close())
  })

/** Messages that nobody reads any more, as with `2>&1 | head -1` or a closed terminal, do not end what is under way. */
const stderr = () => {
  if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined)
  return process.stderr
}

/** The process's own streams. */
export const ofProcess: ScreenShape = {
  print: (text) => Effect.sync(() => void process.stdout.write(endLine(text))),
  tell: (text) => Effect.sync(() => void stderr().write(endLine(text))),
  ask: askOnTerminal,
  // Streams are opened when somebody asks: most commands need one of the three.
  get isInteractive() {
    return process.stdin.isTTY === true && process.stderr.isTTY === true
  },
  get isStdoutTerminal() {
    return process.stdout.isTTY === true
  },
  get isStderrTerminal() {
    return process.stderr.isTTY === true
  },
  get columns() {
    return process.stdout.isTTY === true ? process.stdout.columns : null
  },
  environment: process.env
}
