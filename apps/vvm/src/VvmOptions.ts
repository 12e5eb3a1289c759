/**
 * What a VVM is told at its start: who it is (from Swarm's templates), where it listens, which router it calls through, how
 * long it may drain. Reads the environment and names every wrong variable; decides nothing else.
 */

/** The task a VVM stands for, as Swarm's templates name it; `slot` is empty for tasks of global services. */
export interface VvmIdentity {
  readonly service: string
  readonly task: string
  readonly node: string
  readonly slot: string
}

export interface VvmOptions {
  readonly identity: VvmIdentity
  /** Default `0.0.0.0`. */
  readonly host?: string
  /** Default 8080; 0 takes any free port. */
  readonly port?: number
  /** The router that `/call` goes through, e.g. `http://router:8080`. Without it `/call` answers 501. */
  readonly routerUrl?: URL
  /** How long `close` waits for requests and streams under way. Default 8,000 ms. */
  readonly drainDeadlineMs?: number
  /** How long `close` still answers new requests, so that one already on the wire is not reset. Default 250 ms. */
  readonly lameDuckMs?: number
  /** How long `/call` waits for the whole answer. Default 150,000 ms: longer than Swarm takes to replace a lost task. */
  readonly callTimeoutMs?: number
}

/** Represents environment variables that cannot be used; the message has one line for each. */
export class VvmOptionsInvalid extends Error {
  override readonly name = "VvmOptionsInvalid"
  readonly problems: ReadonlyArray<string>
  constructor(problems: ReadonlyArray<string>) {
    super(problems.join("\n"))
    this.problems = problems
  }
}

/** Milliseconds of `250ms`, `8s`, `2m` or a bare number of milliseconds; undefined for anything else. */
export const durationMs = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim())
  if (match === null) return undefined
  const unit = match[2] === "m" ? 60_000 : match[2] === "s" ? 1_000 : 1
  return Number(match[1]) * unit
}

/** Reads `EVENKEEL_*`; unset and empty variables take their defaults. Throws `VvmOptionsInvalid` with all that is wrong. */
export const fromEnvironment = (environment: Readonly<Record<string, string | undefined>>): VvmOptions => {
  const problems: Array<string> = []
  const text = (name: string): string | undefined => {
    const value = environment[name]?.trim()
    return value === "" ? undefined : value
  }
  const read = <A>(name: string, parse: (value: string) => A | undefined, expected: string): A | undefined => {
    const value = text(name)
    if (value === undefined) return undefined
    const parsed = parse(value)
    if (parsed === undefined) problems.push(`${name}: expected ${expected}, got "${value}"`)
    return parsed
  }
  const port = read("EVENKEEL_VVM_PORT", portOf, "a port from 0 to 65535")
  const drainDeadlineMs = read("EVENKEEL_VVM_DRAIN_DEADLINE", durationMs, "a duration such as 8s")
  const routerUrl = read("EVENKEEL_ROUTER_URL", httpUrl, "a URL such as http://router:8080")
  if (problems.length > 0) throw new VvmOptionsInvalid(problems)
  return {
    identity: {
      service: text("EVENKEEL_SERVICE") ?? "vvm",
      task: text("EVENKEEL_TASK") ?? `process-${process.pid}`,
      node: text("EVENKEEL_NODE") ?? "local",
      slot: text("EVENKEEL_SLOT") ?? ""
    },
    ...(port === undefined ? {} : { port }),
    ...(drainDeadlineMs === undefined ? {} : { drainDeadlineMs }),
    ...(routerUrl === undefined ? {} : { routerUrl })
  }
}

const portOf = (text: string): number | undefined => {
  const port = Number(text)
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined
}

const httpUrl = (text: string): URL | undefined => {
  const url = URL.parse(text)
  return url !== null && url.protocol === "http:" ? url : undefined
}
