/**
 * Other programs as Effects: run one and read its output, run one on this terminal, start one that outlives us.
 *
 * Decides the environment children get (a PATH that includes the system's sbin folders). Knows nothing of the lab.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"

/** A program ended with another exit code than 0, or could not be started (`exitCode` is then `null`). */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  command: Schema.String,
  args: Schema.Array(Schema.String),
  exitCode: Schema.NullOr(Schema.Number),
  stderr: Schema.String
}) {
  override get message(): string {
    const line = [this.command, ...this.args].join(" ")
    const ending = this.exitCode === null ? "could not be run" : `ended with code ${this.exitCode}`
    return `\`${line}\` ${ending}: ${this.stderr.trim() || "no message on stderr"}`
  }
}

export interface RunOptions {
  /** Replaces the inherited environment; a PATH is always added. */
  readonly env?: Readonly<Record<string, string>>
  /** Added to the inherited environment. */
  readonly addedEnv?: Readonly<Record<string, string>>
  readonly cwd?: string
}

const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

/** The inherited PATH with the folders of system programs appended: `sudo` and cron often leave them out. */
export const searchPath = (inherited: string | undefined = process.env["PATH"]): string => {
  const own = (inherited ?? "").split(":").filter((folder) => folder !== "")
  return [...own, ...systemPath.filter((folder) => !own.includes(folder))].join(":")
}

const environmentOf = (options: RunOptions | undefined): NodeJS.ProcessEnv => ({
  ...(options?.env ?? process.env),
  ...options?.addedEnv,
  PATH: searchPath(options?.env?.["PATH"] ?? process.env["PATH"])
})

/** Runs a program without input and gives back its stdout. Interruption kills it. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  options?: RunOptions
): Effect.Effect<string, CommandFailed> =>
  Effect.async<string, CommandFailed>((resume) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: environmentOf(options),
      ...(options?.cwd === undefined ? {} : { cwd: options.cwd })
    })
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk))
    child.once("error", (cause) =>
      resume(new CommandFailed({ command, args: [...args], exitCode: null, stderr: cause.message }))
    )
    child.once("close", (code, signal) => {
      if (code === 0) return resume(Effect.succeed(Buffer.concat(out).toString("utf8")))
      const stderr = Buffer.concat(err).toString("utf8") || (signal === null ? "" : `killed by ${signal}`)
      resume(new CommandFailed({ command, args: [...args], exitCode: code, stderr }))
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Whether the program ends with exit code 0. */
export const succeeds = (command: string, args: ReadonlyArray<string>): Effect.Effect<boolean> =>
  run(command, args).pipe(
    Effect.as(true),
    Effect.orElseSucceed(() => false)
  )

/** Runs a program on this process's own terminal and gives back its exit code (128 + n for a signal). */
export const runAttached = (
  command: string,
  args: ReadonlyArray<string>,
  options?: RunOptions
): Effect.Effect<number, CommandFailed> =>
  Effect.async<number, CommandFailed>((resume) => {
    const child = spawn(command, args, { stdio: "inherit", env: environmentOf(options) })
    child.once("error", (cause) =>
      resume(new CommandFailed({ command, args: [...args], exitCode: null, stderr: cause.message }))
    )
    child.once("close", (code, signal) => resume(Effect.succeed(code ?? (signal === "SIGINT" ? 130 : 137))))
    return Effect.sync(() => child.kill("SIGTERM"))
  })

/**
 * Starts a program in a session of its own, its output appended to `log`, and gives back its process id. It is not
 * ended with this process.
 */
export const start = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly env: Readonly<Record<string, string>>; readonly log: string; readonly cwd: string }
): Effect.Effect<number, CommandFailed> =>
  Effect.async<number, CommandFailed>((resume) => {
    const failed = (reason: string) =>
      resume(new CommandFailed({ command, args: [...args], exitCode: null, stderr: reason }))
    let log: number
    try {
      log = openSync(options.log, "a")
    } catch (cause) {
      return failed(String(cause))
    }
    const child = spawn(command, args, {
      stdio: ["ignore", log, log],
      env: environmentOf(options),
      cwd: options.cwd,
      detached: true
    })
    closeSync(log)
    child.once("error", (cause) => failed(cause.message))
    child.once("spawn", () => {
      child.unref()
      if (child.pid !== undefined) resume(Effect.succeed(child.pid))
    })
  })
