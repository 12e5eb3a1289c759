/** The drills' command line: parse, run one after another, tell, exit code. See `--help`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Drill } from "./Drill.ts"
import * as Flags from "./Flags.ts"
import * as Report from "./Report.ts"
import * as Runner from "./Runner.ts"
import { TargetFailed } from "./Target.ts"
import * as Embedded from "./targets/Embedded.ts"
import * as Lab from "./targets/Lab.ts"
import * as Verdict from "./Verdict.ts"

const workspace = join(import.meta.dirname, "../../..")

/** In vain is waited no longer than this where nothing can be expected to move. Seconds of the Swarm. */
const patienceWithoutRebalancer = 60

const exitWith = (code: number) => Effect.sync(() => void (process.exitCode = code))

const failed = (code: number) => (error: { readonly message: string }) =>
  Effect.zipRight(Console.error(`drills: ${error.message}`), exitWith(code))

/** The build that this run began with: another one may be made meanwhile. */
const bundleFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "evenkeel-drills-"))
    cpSync(join(workspace, "dist/apps/rebalancer"), folder, { recursive: true })
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(
  Effect.catchAllDefect((defect) =>
    Effect.fail(
      new TargetFailed({
        what: "copy the rebalancer's bundle",
        reason: `${String(defect)}; try: npx nx build rebalancer`
      })
    )
  )
)

const runOne = Effect.fn("drills.runOne")(function* (drill: Drill, options: Flags.Options, bundle: string) {
  const { seed, speed, withoutRebalancer } = options
  const clock = yield* Effect.clock
  const begun = yield* clock.currentTimeMillis
  const say = (text: string) =>
    Effect.flatMap(clock.currentTimeMillis, (now) =>
      Console.error(`${drill.name} ${((now - begun) / 1000).toFixed(1).padStart(6)} s  ${text}`)
    )
  const target =
    options.target === "real"
      ? yield* Lab.make(drill, { withoutRebalancer, workspace, say })
      : yield* Embedded.make(drill, {
          speed,
          seed,
          withoutRebalancer,
          bundle,
          logs: options.logs
        })
  const evidence = yield* Runner.run(drill, target, {
    patience: withoutRebalancer ? patienceWithoutRebalancer * (options.target === "real" ? 2 : 1) : null,
    say
  })
  return { evidence, checks: Verdict.judge(evidence) } satisfies Report.JudgedDrill
}, Effect.scoped)

const program = Either.match(Flags.parse(process.argv.slice(2)), {
  onLeft: failed(64),
  onRight: (options) =>
    options === null
      ? Console.log(Flags.usage)
      : Effect.gen(function* () {
          const bundle = join(options.target === "real" ? "" : yield* bundleFolder, "main.mjs")
          const judged: Array<Report.JudgedDrill> = []
          for (const drill of options.drills) {
            const one = yield* runOne(drill, options, bundle)
            judged.push(one)
            if (!options.json) yield* Console.log(`${Report.render(one)}\n`)
          }
          yield* Console.log(options.json ? Report.toJson(options.target, judged) : Report.summary(judged))
          yield* exitWith(judged.every(Report.hasPassed) ? 0 : 1)
        }).pipe(Effect.scoped, Effect.catchAll(failed(1)))
})

/** An interrupted run has shown nothing. */
const interruptedExitCode = 130

NodeRuntime.runMain(program, {
  teardown: (exit, onExit) =>
    onExit(Exit.isSuccess(exit) ? Number(process.exitCode ?? 0) : Exit.isInterrupted(exit) ? interruptedExitCode : 1)
})
