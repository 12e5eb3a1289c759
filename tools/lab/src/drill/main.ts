/** The drill's command line: parse, run, report, exit code. See `--help`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Lab } from "../Lab.ts"
import { LabSite } from "../LabSite.ts"
import * as Drill from "./Drill.ts"
import * as DrillFlags from "./DrillFlags.ts"
import * as DrillReport from "./DrillReport.ts"
import { teardown } from "../Teardown.ts"

const exitWith = (code: number) => Effect.sync(() => void (process.exitCode = code))

const failed = (code: number) => (error: { readonly message: string }) =>
  Effect.zipRight(Console.error(`drill: ${error.message}`), exitWith(code))

const drill = Effect.fn("drill")(function* (options: DrillFlags.DrillOptions) {
  const lab = yield* Lab
  const report = yield* Effect.scoped(Drill.run(options)).pipe(
    Effect.ensuring(options.keep ? Effect.void : Effect.ignore(lab.down))
  )
  yield* Console.log(options.json ? DrillReport.toJson(report) : DrillReport.render(report))
  yield* exitWith(report.passed ? 0 : 1)
})

const program = Either.match(DrillFlags.parse(process.argv.slice(2)), {
  onLeft: failed(64),
  onRight: (options) =>
    options === null
      ? Console.log(DrillFlags.usage)
      : drill(options).pipe(
          Effect.catchAll(failed(1)),
          Effect.provide(Layer.mergeAll(Lab.layerFromEnvironment, LabSite.layer, NodeFileSystem.layer))
        )
})

NodeRuntime.runMain(program, { teardown })
