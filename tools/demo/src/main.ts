/** The demo's process: reads the command line, runs, and sets the exit code. See `--help`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Demo from "./Demo.ts"
import * as Options from "./Options.ts"
import * as Screen from "./Screen.ts"

const usageExitCode = 2
const failureExitCode = 1
const interruptedExitCode = 130

const exitWith = (code: number) =>
  Effect.sync(() => {
    process.exitCode = code
  })

/** A terminal that was closed takes the streams with it; writing to them must not be what ends this process. */
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)

const program = (options: Options.DemoOptions) =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    // The result has standard output to itself where it is not looked at.
    const stream = process.stdout.isTTY && !options.json ? process.stdout : process.stderr
    const screen = Screen.isTerminal(stream, process.env)
      ? Screen.terminal(stream, process.env, () => clock.unsafeCurrentTimeMillis())
      : Screen.lines(stream)
    const isAsPromised = yield* Demo.run(options, screen, (text) => void process.stdout.write(text))
    if (!isAsPromised) yield* exitWith(failureExitCode)
  })

const said = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.squash(cause)
  return Cause.isFailure(cause) && !Cause.isDie(cause) && failure instanceof Error
    ? failure.message
    : Cause.pretty(cause, { renderErrorCause: true })
}

const start = (options: Options.DemoOptions): void => {
  const running = program(options).pipe(
    Effect.tapErrorCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.void
        : Effect.sync(() => void process.stderr.write(`demo: ${said(cause)}\n`))
    )
  )
  // Ctrl-C and SIGTERM are the runtime's; a closed terminal ends the demo as they do.
  const hangup = Effect.async<never>((resume) => {
    const onHangup = () => resume(Effect.interrupt)
    process.once("SIGHUP", onHangup)
    return Effect.sync(() => process.off("SIGHUP", onHangup))
  })
  NodeRuntime.runMain(Effect.raceFirst(running, hangup), {
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit)) onExit(Number(process.exitCode ?? 0))
      else onExit(Cause.isInterruptedOnly(exit.cause) ? interruptedExitCode : failureExitCode)
    }
  })
}

Either.match(Options.parse(process.argv.slice(2)), {
  onLeft: (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = usageExitCode
  },
  onRight: (options) => {
    if (options === "help") process.stdout.write(Options.help)
    else start(options)
  }
})
