/**
 * The process around one run of the command: its streams, signals and exit code. Ctrl-C interrupts the command, which then
 * says what goes on without it; a second one ends the process at once.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as App from "./App.ts"
import * as EngineAccess from "./EngineAccess.ts"
import * as ExitCode from "./ExitCode.ts"
import * as FileAccess from "./FileAccess.ts"
import * as Screen from "./Screen.ts"
import * as ShellCommand from "./ShellCommand.ts"

const layer = Layer.mergeAll(Layer.provideMerge(EngineAccess.layer, Screen.layer), FileAccess.layer, ShellCommand.layer)

/** A reader that has seen enough, as in `evenkeel status | head -1`, is no failure; a full disk is. */
const codeOf = (error: NodeJS.ErrnoException): number => (error.code === "EPIPE" ? ExitCode.ok : ExitCode.failure)
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") process.stderr.write(`evenkeel: the result cannot be written: ${error.message}\n`)
  process.exit(codeOf(error))
})

const fiber = Effect.runFork(Effect.provide(App.run(process.argv.slice(2)), layer))

const interrupt = () => {
  process.once("SIGINT", () => process.exit(ExitCode.interrupted))
  Effect.runFork(Fiber.interrupt(fiber))
}
process.once("SIGINT", interrupt)
process.once("SIGTERM", interrupt)

// Ends the process, whatever connections are still kept alive; but not before stdout has taken everything, or has failed.
fiber.addObserver((exit) => {
  const code = Exit.isSuccess(exit) ? exit.value : ExitCode.interrupted
  process.stdout.write("", (error) => {
    // Otherwise the stream's own error, which follows, ends the process.
    if (error === null || error === undefined) process.exit(code)
  })
})
