/** Programs that a check runs: the docker command line against a Swarm's first manager, and others. Any exit code is an answer. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type CommandAnswer, TargetFailed } from "./Target.ts"

export const workspace = resolve(import.meta.dirname, "..", "..", "..")

const timeoutMillis = 180_000

export const execute = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> }
): Effect.Effect<CommandAnswer, TargetFailed> =>
  Effect.async<CommandAnswer, TargetFailed>((resume) => {
    const env = { ...process.env, ...options.env }
    const how = { cwd: options.cwd, env, timeout: timeoutMillis }
    const child = execFile(command, [...args], how, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null
      if (code === null)
        resume(
          new TargetFailed({ target: command, operation: [command, ...args].join(" "), reason: error?.message ?? "" })
        )
      else resume(Effect.succeed({ exitCode: code, stdout, stderr }))
    })
    return Effect.sync(() => child.kill())
  })

/** Runs a docker command with files beside it. `host` is what DOCKER_HOST would be. */
export const docker = (
  host: string,
  args: ReadonlyArray<string>,
  files: Readonly<Record<string, string>>
): Effect.Effect<CommandAnswer, TargetFailed> =>
  Effect.acquireUseRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "conformance-"))),
    (folder) =>
      Effect.gen(function* () {
        for (const [name, text] of Object.entries(files))
          yield* Effect.promise(() => writeFile(join(folder, name), text))
        const env = { DOCKER_HOST: host, DOCKER_API_VERSION: "1.41", DOCKER_CONFIG: folder, DOCKER_CONTEXT: "" }
        return yield* execute("docker", args, { cwd: folder, env })
      }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )
