/** The client of the engine that `--host` or the environment names. Loaded by the first command that needs it. */
import * as Layer from "effect/Layer"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as EngineEndpoint from "@evenkeel/swarm-client/EngineEndpoint"
import * as SwarmClient from "@evenkeel/swarm-client/SwarmClient"
import type { ScreenShape } from "./Screen.ts"

/** Time-out of one engine call in milliseconds: an operator waits longer than a loop that will ask again. */
const callTimeoutMs = 5_000

export const connect = (host: Option.Option<string>, environment: ScreenShape["environment"]) =>
  Layer.unwrapEffect(
    Effect.map(
      EngineEndpoint.parse({
        dockerHost: Option.getOrElse(host, () => environment["DOCKER_HOST"]),
        dockerTlsVerify: environment["DOCKER_TLS_VERIFY"],
        dockerCertPath: environment["DOCKER_CERT_PATH"],
        home: environment["HOME"]
      }),
      (endpoint) => SwarmClient.layer({ endpoint, callTimeoutMs })
    )
  )
