/**
 * Where the engine listens: DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH read as the Docker CLI reads them. Decides
 * what is an endpoint and what is refused with a cure; opens nothing. Docker contexts and ssh are not supported.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { EndpointInvalid } from "./EngineErrors.ts"

/** Paths of the PEM files that mutual TLS needs. */
export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export type EngineEndpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls: TlsFiles | null }

export const defaultSocketPath = "/var/run/docker.sock"

export const unixSocket = (path: string): EngineEndpoint => ({ kind: "unix", path })

/** As DOCKER_HOST would name it. */
export const format = (endpoint: EngineEndpoint): string =>
  endpoint.kind === "unix"
    ? `unix://${endpoint.path}`
    : `tcp://${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`

/** The variables as they are in the environment; absent and empty mean the same. */
export interface EndpointVariables {
  readonly dockerHost?: string | undefined
  readonly dockerTlsVerify?: string | undefined
  readonly dockerCertPath?: string | undefined
  readonly home?: string | undefined
}

const refuse = (endpoint: string, reason: string) => Either.left(new EndpointInvalid({ endpoint, reason }))

/**
 * Defaults: `unix:///var/run/docker.sock`; port 2375, with TLS 2376. TLS is used when DOCKER_TLS_VERIFY holds anything, with
 * `ca.pem`, `cert.pem` and `key.pem` of DOCKER_CERT_PATH (default `~/.docker`).
 */
export const parse = (variables: EndpointVariables): Either.Either<EngineEndpoint, EndpointInvalid> => {
  const text = variables.dockerHost?.trim() ?? ""
  if (text === "") return Either.right(unixSocket(defaultSocketPath))
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined)
    return refuse(text, text.startsWith("/") ? `write unix://${text}` : `write tcp://${text} or unix:///path`)
  if (scheme === "unix") {
    const path = text.slice("unix://".length)
    if (path === "") return Either.right(unixSocket(defaultSocketPath))
    return path.startsWith("/") ? Either.right(unixSocket(path)) : refuse(text, `write unix:///${path}`)
  }
  if (scheme === "ssh")
    return refuse(
      text,
      "ssh is not supported. Forward the socket, ssh -N -L /tmp/docker.sock:/var/run/docker.sock USER@HOST, and set DOCKER_HOST=unix:///tmp/docker.sock"
    )
  if (scheme !== "tcp") return refuse(text, `scheme ${scheme} is not supported: use unix:///path or tcp://host:port`)
  return parseTcp(text, variables)
}

const parseTcp = (text: string, variables: EndpointVariables): Either.Either<EngineEndpoint, EndpointInvalid> => {
  // Of a known scheme the URL parser checks the host and the port; its default port is told apart by the text.
  let url: URL
  try {
    url = new URL(`http://${text.slice("tcp://".length)}`)
  } catch {
    return refuse(text, "write tcp://host:port")
  }
  if (url.username !== "" || url.pathname !== "/" || url.search !== "" || url.hash !== "")
    return refuse(text, "write tcp://host:port, without user, path or query")
  const isTls = (variables.dockerTlsVerify ?? "") !== ""
  const isPort80 = /:0*80\/?$/.test(text)
  const port = url.port !== "" ? Number(url.port) : isPort80 ? 80 : isTls ? 2376 : 2375
  const directory = variables.dockerCertPath || `${variables.home ?? ""}/.docker`
  const tls = isTls ? { ca: `${directory}/ca.pem`, cert: `${directory}/cert.pem`, key: `${directory}/key.pem` } : null
  return Either.right({ kind: "tcp", host: url.hostname.replace(/^\[|\]$/g, ""), port, tls })
}

/** The endpoint that the current ConfigProvider (by default the environment) names. */
export const fromEnv: Effect.Effect<EngineEndpoint, EndpointInvalid> = Effect.gen(function* () {
  const read = (name: string) =>
    Config.option(Config.string(name)).pipe(
      Effect.map(Option.getOrUndefined),
      Effect.mapError(() => new EndpointInvalid({ endpoint: name, reason: `variable ${name} cannot be read` }))
    )
  return yield* parse({
    dockerHost: yield* read("DOCKER_HOST"),
    dockerTlsVerify: yield* read("DOCKER_TLS_VERIFY"),
    dockerCertPath: yield* read("DOCKER_CERT_PATH"),
    home: yield* read("HOME")
  })
})
