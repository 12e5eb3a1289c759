/** A command that the operator names on the command line, run by the shell. A service, so that tests run none. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** Represents a command that ended with another exit code than 0. */
export class ShellCommandFailed extends Schema.TaggedError<ShellCommandFailed>()("ShellCommandFailed", {
  command: Schema.String,
  /** Null when a signal ended it, or it could not be started. */
  exitCode: Schema.NullOr(Schema.Int)
}) {
  override get message(): string {
    return `"${this.command}" ${this.exitCode === null ? "did not come to its end" : `ended with exit code ${this.exitCode}`}`
  }
}

export class ShellCommand extends Context.Tag("@evenkeel/cli/ShellCommand")<
  ShellCommand,
  {
    /** Its stdout and stderr go to stderr. `environment` is added to this process's own. */
    readonly run: (
      command: string,
      environment: Readonly<Record<string, string>>
    ) => Effect.Effect<void, ShellCommandFailed>
  }
>() {}

export const layer: Layer.Layer<ShellCommand> = Layer.succeed(ShellCommand, {
  run: (command, environment) =>
    Effect.async<void, ShellCommandFailed>((resume, signal) => {
      void import("node:child_process").then(({ spawn }) => {
        const child = spawn(command, {
          shell: true,
          stdio: ["inherit", 2, 2],
          env: { ...process.env, ...environment },
          signal
        })
        child.once("error", () => resume(new ShellCommandFailed({ command, exitCode: null })))
        child.once("exit", (exitCode) =>
          resume(exitCode === 0 ? Effect.void : new ShellCommandFailed({ command, exitCode }))
        )
      })
    })
})
