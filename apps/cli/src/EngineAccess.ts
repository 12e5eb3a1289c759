/**
 * How commands get at an engine: which one is known only after the command line is read. Loads the client when a command needs
 * it: `evenkeel version` never does.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type { EndpointInvalid } from "@evenkeel/swarm-client/EngineErrors"
import type { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import type { ScreenShape } from "./Screen.ts"

export class EngineAccess extends Context.Tag("@evenkeel/cli/EngineAccess")<
  EngineAccess,
  {
    /** `host` as in `--host`; without it DOCKER_HOST and its companions decide. Connects with the first call. */
    readonly connect: (host: Option.Option<string>) => Layer.Layer<SwarmClient, EndpointInvalid>
  }
>() {}

/** DOCKER_HOST and its companions are looked up in the screen's environment. */
export const ofEnvironment = ({ environment }: ScreenShape) =>
  EngineAccess.of({
    connect: (host) =>
      Layer.unwrapEffect(
        Effect.map(
          Effect.promise(() => import("./DockerEngine.ts")),
          ({ connect }) => connect(host, environment)
        )
      )
  })
