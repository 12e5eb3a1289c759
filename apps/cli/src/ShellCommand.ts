/** A command that the operator names on the command line, run by the shell. A service, so that tests run none. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** Represents a command that ended with another exit code than 0. */
export class ShellCommandFailed extends Data.TaggedError("ShellCommandFailed")<{
  readonly command: string
  /** Null when a signal ended it, or it could not be started. */
  readonly exitCode: number | null
}> {
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

export const ofShell = ShellCommand.of({
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
