/** The lab's command line: parse, run, exit code. See `--help`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { execute } from "./commands.ts"
import * as Flags from "./Flags.ts"
import { Lab } from "./Lab.ts"
import { teardown } from "./Teardown.ts"

const exitWith = (code: number) =>
  Effect.sync(() => {
    process.exitCode = code
  })

const failed = (code: number) => (error: { readonly message: string }) =>
  Effect.zipRight(Console.error(error.message), exitWith(code))

const invocation = Flags.parse(process.argv.slice(2))

const program = Either.match(invocation, {
  onLeft: failed(2),
  onRight: (parsed) =>
    execute(parsed).pipe(Effect.flatMap(exitWith), Effect.catchAll(failed(1)), Effect.provide(Lab.layerFromEnvironment))
})

NodeRuntime.runMain(program, { teardown })
