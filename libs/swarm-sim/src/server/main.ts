/**
 * The embedded Swarm as a process: reads its command line, prints one line of JSON with its addresses when it is ready, and
 * ends on SIGINT or SIGTERM with its sockets removed. Messages go to stderr.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as SimOptions from "./SimOptions.ts"
import * as SimServer from "./SimServer.ts"

const usageExitCode = 64

const read = (): SimOptions.SimOptions => {
  try {
    const options = SimOptions.fromArguments(process.argv.slice(2))
    if (options !== "help") return options
    process.stdout.write(SimOptions.usage)
    process.exit(0)
  } catch (error) {
    if (!(error instanceof SimOptions.SimOptionsInvalid)) throw error
    process.stderr.write(`${error.message}\n\n${SimOptions.usage}`)
    process.exit(usageExitCode)
  }
}

const log = (line: string): void => void process.stderr.write(`${line}\n`)

const program = Effect.gen(function* () {
  const server = yield* SimServer.make(read(), log)
  process.stdout.write(`${JSON.stringify(server.addresses)}\n`)
  return yield* Effect.never
}).pipe(Effect.scoped)

const fiber = Effect.runFork(program)
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void Effect.runFork(Fiber.interrupt(fiber)))

fiber.addObserver((exit) => {
  const isFailure = Exit.isFailure(exit) && !Exit.isInterrupted(exit)
  if (isFailure) log(String(exit.cause))
  process.exit(isFailure ? 1 : 0)
})
