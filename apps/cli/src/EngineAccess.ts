/**
 * How commands get at an engine: which one is known only after the command line is read. Loads the client, and with it
 * dockerode, when a command needs it: `evenkeel version` never does.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type { EndpointInvalid } from "@evenkeel/swarm-client/EngineErrors"
import type { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { Screen } from "./Screen.ts"

export class EngineAccess extends Context.Tag("@evenkeel/cli/EngineAccess")<
  EngineAccess,
  {
    /** `host` as in `--host`; without it DOCKER_HOST and its companions decide. Connects with the first call. */
    readonly connect: (host: Option.Option<string>) => Layer.Layer<SwarmClient, EndpointInvalid>
  }
>() {}

export const layer: Layer.Layer<EngineAccess, never, Screen> = Layer.effect(
  EngineAccess,
  Effect.map(Screen, ({ environment }) => ({
    connect: (host) =>
      Layer.unwrapEffect(
        Effect.map(
          Effect.promise(() => import("./DockerEngine.ts")),
          ({ connect }) => connect(host, environment)
        )
      )
  }))
)
