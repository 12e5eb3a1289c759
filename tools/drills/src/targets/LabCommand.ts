/** The lab as a command: each verb is a run of its program, whose messages go to this one's stderr. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { TargetFailed } from "../Target.ts"

const Status = Schema.Struct({
  condition: Schema.Literal("up", "partial", "down"),
  nodes: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      address: Schema.String,
      socketPath: Schema.String,
      manager: Schema.Boolean
    })
  )
})
export type LabStatus = typeof Status.Type

/** Runs a verb; answers its standard output. */
export const lab = (workspace: string, ...words: ReadonlyArray<string>): Effect.Effect<string, TargetFailed> =>
  Effect.async((resume) => {
    const fail = (reason: string) =>
      resume(Effect.fail(new TargetFailed({ what: `do \`lab ${words.join(" ")}\``, reason })))
    const program = ["--conditions=@evenkeel/source", "tools/lab/src/main.ts", ...words]
    const child = spawn(process.execPath, program, { cwd: workspace, stdio: ["ignore", "pipe", "inherit"] })
    let output = ""
    child.stdout.setEncoding("utf8")
    child.stdout.on("data", (part: string) => (output += part))
    child.once("error", ({ message }) => fail(message))
    child.once("close", (code) => (code === 0 ? resume(Effect.succeed(output)) : fail(`it ended with ${code}`)))
    return Effect.sync(() => child.kill("SIGTERM"))
  })

export const status = (workspace: string): Effect.Effect<LabStatus, TargetFailed> =>
  Effect.flatMap(lab(workspace, "status", "--json"), (text) =>
    Effect.mapError(
      Schema.decode(Schema.parseJson(Status))(text),
      ({ message }) => new TargetFailed({ what: "read the lab's status", reason: message })
    )
  )
