/**
 * The process around one run of the command: its streams, signals and exit code. Ctrl-C interrupts the command, which then
 * says what goes on without it; a second one ends the process at once. SIGTERM and a terminal that is closed do the same.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as App from "./App.ts"
import * as EngineAccess from "./EngineAccess.ts"
import * as Prober from "./drill/Prober.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Failure from "./Failure.ts"
import * as FileAccess from "./FileAccess.ts"
import * as Screen from "./Screen.ts"
import * as ShellCommand from "./ShellCommand.ts"

// Plain values, and no layers: to build those takes longer than all else that a short run does.
const services = Context.make(Screen.Screen, Screen.ofProcess).pipe(
  Context.add(EngineAccess.EngineAccess, EngineAccess.ofEnvironment(Screen.ofProcess)),
  Context.add(FileAccess.FileAccess, FileAccess.ofSystem),
  Context.add(ShellCommand.ShellCommand, ShellCommand.ofShell),
  Context.add(Prober.Prober, Prober.overHttp)
)

/** A reader that has seen enough, as in `evenkeel status | head -1`, is no failure; a full disk is. */
const codeOf = (error: NodeJS.ErrnoException): number => (error.code === "EPIPE" ? ExitCode.ok : ExitCode.failure)
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") process.stderr.write(`evenkeel: the result cannot be written: ${error.message}\n`)
  process.exit(codeOf(error))
})

const argv = process.argv.slice(2)
const fiber = Effect.runFork(Effect.provide(App.run(argv), services))

const interrupt = () => {
  process.once("SIGINT", () => process.exit(ExitCode.interrupted))
  Effect.runFork(Fiber.interrupt(fiber))
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, interrupt)

// Ends the process, whatever connections are still kept alive; but not before stdout has taken everything, or has failed.
fiber.addObserver((exit) => {
  if (Exit.isFailure(exit)) {
    // Nothing of a result is left to be taken, and the terminal may be gone.
    const { exitCode, text } = Failure.of(exit.cause, argv.includes("--debug"))
    if (exitCode !== ExitCode.interrupted) process.stderr.write(`${text}\n`)
    process.exit(exitCode)
  }
  process.stdout.write("", (error) => {
    // Otherwise the stream's own error, which follows, ends the process.
    if (error === null || error === undefined) process.exit(exit.value)
  })
})
