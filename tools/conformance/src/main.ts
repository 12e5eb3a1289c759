/** The command line: parse, record or read, compare, report, exit code. See `--help`. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Conformance from "./Conformance.ts"
import * as Flags from "./Flags.ts"
import * as Report from "./Report.ts"
import { scenarios } from "./scenarios/All.ts"

const exitWith = (code: number) => Effect.sync(() => void (process.exitCode = code))

const failed = (code: number) => (error: { readonly message: string }) =>
  Effect.zipRight(Console.error(`conformance: ${error.message}`), exitWith(code))

const check = Effect.fn("main.check")(function* (options: Flags.CheckOptions) {
  const report = yield* Conformance.check(options)
  yield* Console.log(options.json ? Report.toJson(report) : Report.render(report))
  yield* exitWith(report.passed ? 0 : 1)
})

const names = scenarios.map(({ name }) => name)

const program = Either.match(Flags.parse(process.argv.slice(2), names), {
  onLeft: failed(64),
  onRight: (options) =>
    options === null
      ? Console.log(`${Flags.usage}\nScenarios: ${names.join(", ")}`)
      : check(options).pipe(Effect.catchAll(failed(1)), Effect.provide(NodeFileSystem.layer))
})

/** An interrupted run has shown nothing. */
const interruptedExitCode = 130

NodeRuntime.runMain(program, {
  teardown: (exit, onExit) =>
    onExit(Exit.isSuccess(exit) ? Number(process.exitCode ?? 0) : Exit.isInterrupted(exit) ? interruptedExitCode : 1)
})
