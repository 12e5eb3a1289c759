/**
 * Reads a stack file and says what `docker stack deploy` would ask of the engine: the part of the format that
 * `deploy/stack.yml` uses. Pure; whoever creates the objects gives their ids.
 */
import { parse } from "yaml"

type Json = Readonly<Record<string, unknown>>

export interface StackService {
  /** With the stack's name before it. */
  readonly name: string
  /** As the file names it. */
  readonly shortName: string
  readonly isGlobal: boolean
  readonly replicas: number
  /** The body of `POST /services/create`. */
  readonly spec: (ids: { readonly network: string; readonly secrets: ReadonlyMap<string, string> }) => Json
}

export interface Stack {
  readonly network: string
  readonly secrets: ReadonlyArray<string>
  readonly services: ReadonlyArray<StackService>
}

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}
const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
const text = (value: unknown, fallback = ""): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : fallback

/** `${NAME:-default}` takes its default. */
export const interpolate = (yaml: string): string => yaml.replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, "$1")

/** `15s` in nanoseconds. */
const nanos = (duration: unknown): number => {
  const match = /^(\d+)(ms|s|m)$/.exec(text(duration))
  return match === null ? 0 : Number(match[1]) * { ms: 1e6, s: 1e9, m: 6e10 }[match[2] as "ms" | "s" | "m"]
}

const withoutEmpty = (value: Json): Json =>
  Object.fromEntries(
    Object.entries(value).filter(
      ([, each]) => each !== undefined && each !== "" && !(Array.isArray(each) && each.length === 0)
    )
  )

/** A path of the node, or a volume, which has the stack's name before it as services have. */
const mountOf = (stack: string, volume: unknown): Json => {
  const [source = "", Target = ""] = text(volume).split(":")
  return source.startsWith("/")
    ? { Type: "bind", Source: source, Target }
    : { Type: "volume", Source: `${stack}_${source}`, Target }
}

const portOf = (port: unknown): Json => {
  const { mode, protocol, published, target } = record(port)
  return { TargetPort: target, PublishedPort: published, Protocol: protocol, PublishMode: mode }
}

const serviceOf = (stack: string, shortName: string, body: Json): StackService => {
  const deploy = record(body["deploy"])
  const update = record(deploy["update_config"])
  const isGlobal = deploy["mode"] === "global"
  const replicas = Number(deploy["replicas"] ?? 1)
  const name = `${stack}_${shortName}`
  const namespace = { "com.docker.stack.namespace": stack }
  const image = text(body["image"])
  const ports = list(body["ports"]).map(portOf)
  return {
    name,
    shortName,
    isGlobal,
    replicas,
    spec: ({ network, secrets }) => ({
      Name: name,
      Labels: {
        ...Object.fromEntries(Object.entries(record(deploy["labels"])).map(([key, value]) => [key, text(value)])),
        ...namespace,
        "com.docker.stack.image": image
      },
      TaskTemplate: {
        ContainerSpec: withoutEmpty({
          Image: image,
          Labels: namespace,
          Hostname: text(body["hostname"]),
          User: text(body["user"]),
          Env: Object.entries(record(body["environment"])).map(([key, value]) => `${key}=${text(value)}`),
          Mounts: list(body["volumes"]).map((volume) => mountOf(stack, volume)),
          StopGracePeriod: body["stop_grace_period"] === undefined ? undefined : nanos(body["stop_grace_period"]),
          Secrets: list(body["secrets"]).map((secret) => ({
            SecretID: secrets.get(`${stack}_${text(secret)}`),
            SecretName: `${stack}_${text(secret)}`,
            File: { Name: text(secret), UID: "0", GID: "0", Mode: 0o444 }
          }))
        }),
        Placement: withoutEmpty({ Constraints: list(record(deploy["placement"])["constraints"]) }),
        Networks: [{ Target: network, Aliases: [shortName] }]
      },
      Mode: isGlobal ? { Global: {} } : { Replicated: { Replicas: replicas } },
      ...(deploy["update_config"] === undefined
        ? {}
        : {
            UpdateConfig: {
              Parallelism: Number(update["parallelism"] ?? 1),
              Delay: nanos(update["delay"]),
              Order: text(update["order"], "stop-first")
            }
          }),
      EndpointSpec: { Mode: text(deploy["endpoint_mode"], "vip"), ...(ports.length === 0 ? {} : { Ports: ports }) }
    })
  }
}

/**
 * The stack of a file's text as it would be deployed under the name `stack`. `copies` adds services that are like another one
 * but for their name, replicas and group.
 */
export const read = (
  yaml: string,
  stack: string,
  copies: ReadonlyArray<{ readonly of: string; readonly name: string; readonly replicas: number }> = []
): Stack => {
  const file = record(parse(interpolate(yaml)))
  const services = record(file["services"])
  const copied = copies.map(({ name, of, replicas }) => {
    const body = record(services[of])
    const deploy = record(body["deploy"])
    const { "evenkeel.group": _, ...labels } = record(deploy["labels"])
    return serviceOf(stack, name, { ...body, deploy: { ...deploy, replicas, labels } })
  })
  return {
    network: `${stack}_${Object.keys(record(file["networks"]))[0] ?? "default"}`,
    secrets: Object.keys(record(file["secrets"])).map((name) => `${stack}_${name}`),
    services: [...Object.entries(services).map(([name, body]) => serviceOf(stack, name, record(body))), ...copied]
  }
}
