/** The router's program: flags, settings, and the run itself. See `RouterConfig` for both. */
import * as Logging from "@evenkeel/observability/Logging"
import * as Main from "@evenkeel/observability/Main"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Proxy } from "./proxy/Proxy.ts"
import * as RouterApp from "./RouterApp.ts"
import * as RouterConfig from "./RouterConfig.ts"

const usageError = 64

const program = (flags: RouterConfig.RouterFlags) =>
  Effect.gen(function* () {
    const config = yield* RouterConfig.load(process.env)
    if (flags.printConfig)
      return yield* Effect.sync(() => void process.stdout.write(`${RouterConfig.print(config, flags.tableFile)}\n`))
    const run = RouterApp.start(config, flags.tableFile, (options) => new Proxy(options))
    return yield* Effect.scoped(Effect.zipRight(run, Effect.never)).pipe(Logging.withLevel(config.logLevel))
  })

Either.match(RouterConfig.parseFlags(process.argv.slice(2)), {
  onLeft: ({ message }) => {
    process.stderr.write(`${message}\n`)
    process.exitCode = usageError
  },
  onRight: (flags) => {
    if (flags.help) process.stdout.write(RouterConfig.help)
    else Main.run(program(flags), Logging.layer({ level: "info" }))
  }
})
