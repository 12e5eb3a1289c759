/** The router's program: flags (`RouterUsage`), settings (`RouterConfig`), and the run itself. */
import * as Logging from "@evenkeel/observability/Logging"
import * as Main from "@evenkeel/observability/Main"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { MakeDataPlane } from "./DataPlane.ts"
import { Proxy } from "./proxy/Proxy.ts"
import * as RouterApp from "./RouterApp.ts"
import * as RouterConfig from "./RouterConfig.ts"
import * as RouterUsage from "./RouterUsage.ts"
import { whyNoReusePort } from "./workers/ReusePort.ts"
import { workerFlag } from "./workers/WorkerMessage.ts"
import { WorkerPlane } from "./workers/WorkerPlane.ts"
import * as WorkerProgram from "./workers/WorkerProgram.ts"

const usageError = 64

/** One process unless more are asked for and the system lets them share a port. */
const dataPlaneFor = (workers: number): Effect.Effect<MakeDataPlane> =>
  Effect.gen(function* () {
    const inThisProcess: MakeDataPlane = (options) => new Proxy(options)
    if (workers === 1) return inThisProcess
    const reason = yield* Effect.promise(whyNoReusePort)
    if (reason === null) return (options) => new WorkerPlane({ ...options, workers })
    yield* Effect.logWarning("several processes cannot share a port here: one takes all requests").pipe(
      Effect.annotateLogs({ reason, EVENKEEL_ROUTER_WORKERS: workers })
    )
    return inThisProcess
  })

const program = (flags: RouterUsage.RouterFlags) =>
  Effect.gen(function* () {
    const config = yield* RouterConfig.load(process.env)
    if (flags.printConfig)
      return yield* Effect.sync(() => void process.stdout.write(`${RouterConfig.print(config, flags.tableFile)}\n`))
    const run = Effect.flatMap(dataPlaneFor(config.workers), (make) => RouterApp.start(config, flags.tableFile, make))
    return yield* Effect.scoped(Effect.zipRight(run, Effect.never)).pipe(Logging.withLevel(config.logLevel))
  })

const runAsRouter = (): void =>
  Either.match(RouterUsage.parseFlags(process.argv.slice(2)), {
    onLeft: ({ message }) => {
      process.stderr.write(`${message}\n`)
      process.exitCode = usageError
    },
    onRight: (flags) => {
      if (flags.help) process.stdout.write(RouterUsage.help)
      else Main.run(program(flags), Logging.layer({ level: "info" }))
    }
  })

// Only the router itself starts workers: they have somebody to talk to.
if (process.argv[2] === workerFlag && process.connected)
  Main.run(Effect.scoped(WorkerProgram.run), Logging.layer({ level: "info" }))
else runAsRouter()
