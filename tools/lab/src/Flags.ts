/**
 * The command line as a value: verbs, their flags, what is wrong with them. Pure.
 *
 * Words after `--` belong to the program that `exec` runs; for every other verb a lone `--` is passed over, because task
 * runners hand it on.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"

/** The faults the command line offers. */
export const faults = ["black-hole", "crash", "reboot", "restart-dockerd", "restore"] as const

export type Fault = (typeof faults)[number]

export type Invocation =
  | { readonly verb: "help" }
  | {
      readonly verb: "up"
      readonly nodes?: number
      readonly managers?: number
      readonly heartbeat?: string
      readonly images: boolean
    }
  | { readonly verb: "down" }
  | { readonly verb: "status"; readonly json: boolean }
  /** No apps: the base image alone. */
  | { readonly verb: "images"; readonly tag?: string; readonly apps?: ReadonlyArray<string> }
  | { readonly verb: "exec"; readonly node: string; readonly command: readonly [string, ...ReadonlyArray<string>] }
  | {
      readonly verb: "fault"
      readonly fault: Fault
      readonly node: string
      readonly powerCut: boolean
      readonly wait: boolean
    }

/** The command line cannot be understood. */
export class UsageInvalid extends Schema.TaggedError<UsageInvalid>()("UsageInvalid", { reason: Schema.String }) {
  override get message(): string {
    return `${this.reason}. \`lab --help\` shows all verbs.`
  }
}

const options = {
  nodes: { type: "string" },
  managers: { type: "string" },
  heartbeat: { type: "string" },
  images: { type: "boolean" },
  json: { type: "boolean" },
  tag: { type: "string" },
  app: { type: "string", multiple: true },
  base: { type: "boolean" },
  "power-cut": { type: "boolean" },
  wait: { type: "boolean" },
  help: { type: "boolean", short: "h" }
} as const

type Flag = keyof typeof options

/** Flags each verb takes, besides `--help`. */
const flagsOf: Readonly<Record<string, ReadonlyArray<Flag>>> = {
  up: ["nodes", "managers", "heartbeat", "images"],
  down: [],
  status: ["json"],
  images: ["tag", "app", "base"],
  exec: [],
  fault: ["power-cut", "wait"]
}

const wrong = (reason: string): Either.Either<never, UsageInvalid> => Either.left(new UsageInvalid({ reason }))

const durationPattern = /^\d+(\.\d+)?(ms|s|m)$/

/** Parses the words after the program's name. */
export const parse = (words: ReadonlyArray<string>): Either.Either<Invocation, UsageInvalid> => {
  if (words[0] === "exec") return parseExec(words.slice(1))
  let parsed
  try {
    const args = words.filter((word) => word !== "--")
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (cause) {
    return wrong(cause instanceof Error ? cause.message.replace(/\.? To specify.*$/s, "") : String(cause))
  }
  const { values, positionals } = parsed
  const [verb, ...rest] = positionals
  if (values.help === true || verb === "help") return Either.right({ verb: "help" })
  if (verb === undefined) return wrong("A verb is missing")
  const allowed = flagsOf[verb]
  if (allowed === undefined) return wrong(`There is no verb ${verb}`)
  const foreign = (Object.keys(values) as ReadonlyArray<Flag>).find((flag) => !allowed.includes(flag))
  if (foreign !== undefined) return wrong(`\`lab ${verb}\` takes no --${foreign}`)
  if (verb === "fault") {
    return parseFault(rest, { powerCut: values["power-cut"] ?? false, wait: values.wait ?? false })
  }
  if (rest.length > 0) return wrong(`\`lab ${verb}\` takes no argument ${rest.join(" ")}`)
  if (verb === "status") return Either.right({ verb, json: values.json ?? false })
  if (verb === "images") {
    if (values.base === true && values.app !== undefined) return wrong("`lab images` takes --base or --app, not both")
    if (values.base === true) return Either.right({ verb, apps: [] })
    return Either.right({
      verb,
      ...(values.tag === undefined ? {} : { tag: values.tag }),
      ...(values.app === undefined ? {} : { apps: values.app })
    })
  }
  if (verb === "down") return Either.right({ verb })
  return parseUp(values)
}

const parseUp = (values: {
  readonly nodes?: string | undefined
  readonly managers?: string | undefined
  readonly heartbeat?: string | undefined
  readonly images?: boolean | undefined
}): Either.Either<Invocation, UsageInvalid> => {
  for (const flag of ["nodes", "managers"] as const) {
    const value = values[flag]
    if (value !== undefined && !/^[1-9]$/.test(value))
      return wrong(`--${flag} takes a number from 1 to 9, not ${value}`)
  }
  if (values.heartbeat !== undefined && !durationPattern.test(values.heartbeat)) {
    return wrong(`--heartbeat takes a duration such as 1s or 500ms, not ${values.heartbeat}`)
  }
  return Either.right({
    verb: "up",
    images: values.images ?? false,
    ...(values.nodes === undefined ? {} : { nodes: Number(values.nodes) }),
    ...(values.managers === undefined ? {} : { managers: Number(values.managers) }),
    ...(values.heartbeat === undefined ? {} : { heartbeat: values.heartbeat })
  })
}

const parseFault = (
  rest: ReadonlyArray<string>,
  flags: { readonly powerCut: boolean; readonly wait: boolean }
): Either.Either<Invocation, UsageInvalid> => {
  const [name, node, ...more] = rest
  const fault = faults.find((known) => known === name)
  if (fault === undefined) return wrong(`\`lab fault\` takes one of ${faults.join(", ")}${name ? `, not ${name}` : ""}`)
  if (node === undefined || more.length > 0) return wrong(`\`lab fault ${fault}\` takes one node, e.g. n2`)
  if (flags.powerCut && fault !== "crash" && fault !== "reboot") {
    return wrong(`\`lab fault ${fault}\` takes no --power-cut; crash and reboot do`)
  }
  return Either.right({ verb: "fault", fault, node, ...flags })
}

const parseExec = (words: ReadonlyArray<string>): Either.Either<Invocation, UsageInvalid> => {
  if (words[0] === "--help" || words[0] === "-h") return Either.right({ verb: "help" })
  const [node, ...rest] = words[0] === "--" ? words.slice(1) : words
  const [command, ...args] = rest[0] === "--" ? rest.slice(1) : rest
  if (node === undefined || command === undefined) {
    return wrong("`lab exec` takes a node and a command, e.g. `lab exec n1 -- docker node ls`")
  }
  return Either.right({ verb: "exec", node, command: [command, ...args] })
}

/** What `--help` prints. */
export const usage = `lab: a real Docker Swarm of several nodes on this machine (Linux, root)

  lab up [--nodes N] [--managers M] [--heartbeat 1s] [--images]
      Bring up N nodes, the first M of them managers (default 3 and 3), a registry and the overlay network
      "evenkeel"; on a lab that runs, complete what is missing. --images builds and pushes the images too.
  lab down                      Take everything away.
  lab status [--json]           Nodes, Swarm, registry, images.
  lab images [--tag dev] [--app router … | --base]
      Build the product's images from dist/apps and push them to the lab's registry; skips what has not changed.
      --base makes the image alone that the others are built on; it needs no dist/apps.
  lab exec <node> -- <command…> Run a command inside a node; its docker socket is the node's.
  lab fault black-hole <node>   Pull the node's cable; everything on it runs on.
  lab fault crash <node> [--power-cut]
      End every process of the node at once. --power-cut pulls the cable first: no connection is closed.
  lab fault reboot <node> [--power-cut]   Crash it and boot it again; its disk is kept, /run is not.
  lab fault restart-dockerd <node>        Kill the engine alone; it is started again after a second.
  lab fault restore <node>      Plug the cable in again, or boot the node.
      With --wait, a fault returns when Swarm has noticed: down after black-hole and crash, else ready.

Examples
  lab up --nodes 5 --managers 3 --heartbeat 1s
  lab exec n1 -- docker node ls
  lab fault black-hole n2 --wait && lab fault restore n2 --wait
  DOCKER_HOST=unix:///var/lib/evenkeel-lab/n1/docker.sock docker service ls

Environment
  EVENKEEL_LAB_DIR        where the lab keeps everything (default /var/lib/evenkeel-lab)
  EVENKEEL_LAB_WORKSPACE  the workspace whose apps become images (default: the one of this program)
  EVENKEEL_LAB_DOCKER     the docker command to use (default: docker)

Exit codes: 0 done, 1 failed, 2 the command line is wrong; \`lab exec\` ends with the command's own code.
`
