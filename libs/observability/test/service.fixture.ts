/** A service for `Main.test.ts`: says when it runs, and takes as long to stop as its argument says (ms; `never` for ever). */
import * as Effect from "effect/Effect"
import * as Logging from "../src/Logging.ts"
import * as Main from "../src/Main.ts"

const mode = process.argv[2] ?? "0"
const say = (line: string) => Effect.sync(() => void process.stdout.write(`${line}\n`))
const stop = mode === "never" ? Effect.zipRight(say("stopping"), Effect.never) : say("stopped")
const program =
  mode === "fail"
    ? Effect.fail(new Error("the socket is missing"))
    : Effect.scoped(
        Effect.zipRight(
          Effect.acquireRelease(say("running"), () => stop),
          Effect.never
        )
      )

Main.run(program, Logging.layer({ level: "info", format: "json" }))
