/** The docker CLI against one node of the lab, with a configuration folder of its own: no context or login leaks in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import { run } from "./Shell.ts"

/** A docker command failed on a node. */
export class DockerCommandFailed extends Schema.TaggedError<DockerCommandFailed>()("DockerCommandFailed", {
  node: Schema.String,
  args: Schema.Array(Schema.String),
  exitCode: Schema.NullOr(Schema.Number),
  stderr: Schema.String
}) {
  override get message(): string {
    const line = ["docker", ...this.args].join(" ")
    return `\`${line}\` on ${this.node} failed (code ${this.exitCode ?? "none"}): ${this.stderr.trim() || "no message"}`
  }
}

/** The variables that point a docker CLI, or anything that reads DOCKER_HOST, at a node. */
export const environmentOf = (stateDir: string, node: string): Readonly<Record<string, string>> => ({
  DOCKER_HOST: `unix://${LabSpec.nodePaths(stateDir, node).socket}`,
  DOCKER_CONFIG: `${stateDir}/docker-config`,
  DOCKER_CONTEXT: "",
  DOCKER_TLS_VERIFY: ""
})

export interface DockerOptions {
  /** Working directory of the command. */
  readonly cwd?: string
  /** More environment, e.g. what a stack file substitutes. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs `docker <args>` against a node's engine and gives back its stdout. */
export const docker = Effect.fn("Docker.docker")(function* (
  node: string,
  args: ReadonlyArray<string>,
  options?: DockerOptions
) {
  const { stateDir, dockerCommand } = yield* LabSite
  return yield* run(dockerCommand, args, {
    addedEnv: { ...environmentOf(stateDir, node), ...options?.env },
    ...(options?.cwd === undefined ? {} : { cwd: options.cwd })
  }).pipe(
    Effect.mapError(({ exitCode, stderr }) => new DockerCommandFailed({ node, args: [...args], exitCode, stderr }))
  )
})
