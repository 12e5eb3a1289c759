/**
 * The embedded Swarm of one run and the stack on it: starts the process, deploys, and takes everything away when the scope
 * closes or when this process ends, in whatever way.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Engine from "./Engine.ts"
import { SimEntry, SimReady, type SimSite, tokenFile } from "./sim/SimSite.ts"
import * as Stack from "./Stack.ts"

/** Represents an embedded Swarm that did not start; the reason is what its process said last. */
export class ClusterNotStarted extends Schema.TaggedError<ClusterNotStarted>()("ClusterNotStarted", {
  reason: Schema.String
}) {
  override get message(): string {
    return `the embedded Swarm did not start: ${this.reason}`
  }
}

/** Represents bundles that have not been built. */
export class BundleMissing extends Schema.TaggedError<BundleMissing>()("BundleMissing", { file: Schema.String }) {
  override get message(): string {
    return `${this.file} is missing: build the programs first, npx nx run-many -t build -p router,rebalancer,vvm`
  }
}

export interface Cluster {
  /** Where the simulation answers. */
  readonly control: string
  readonly nodes: SimReady["nodes"]
  readonly obstacle: SimReady["obstacle"]
  /** Where each router task takes requests, by its id. */
  readonly entries: ReadonlyMap<string, string>
  /** Sockets and logs. */
  readonly folder: string
  /** Settles when its process has ended, however. */
  readonly ended: Effect.Effect<string>
}

export interface ClusterOptions {
  readonly speed: number
  readonly seed: number
  readonly routing: SimSite["routing"]
  readonly mode: SimSite["mode"]
  readonly portsOnly: boolean
}

const workspace = join(import.meta.dirname, "../../..")
export const apps = join(workspace, "dist/apps")
const bundles = ["router/main.mjs", "rebalancer/main.mjs", "vvm/vvm.mjs"].map((file) => join(apps, file))
const stackFile = join(workspace, "deploy/stack.yml")
const stackName = "demo"

const startPatienceMs = 60_000
const endGraceMs = 3_000

/** Its own process group, so that Ctrl-C reaches this process only, which then ends it. */
const spawnSim = (site: SimSite): ChildProcess =>
  spawn(
    process.execPath,
    ["--conditions=@evenkeel/source", join(import.meta.dirname, "sim/main.ts"), JSON.stringify(site)],
    { detached: true, stdio: ["pipe", "pipe", "pipe"] }
  )

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has ended already.
  }
}

const decodeReady = Schema.decode(Schema.parseJson(SimReady))
const decodeEntry = Schema.decodeSync(Schema.parseJson(SimEntry))

const awaitReady = (
  child: ChildProcess,
  entries: Map<string, string>,
  saidLast: () => string
): Effect.Effect<SimReady, ClusterNotStarted> =>
  Effect.async((resume) => {
    let isReady = false
    if (child.stdout !== null)
      createInterface(child.stdout).on("line", (line) => {
        if (isReady) {
          const { task, url } = decodeEntry(line)
          entries.set(task, url)
        } else resume(Effect.orDie(decodeReady(line)))
        isReady = true
      })
    child.once("error", (error) => resume(new ClusterNotStarted({ reason: error.message })))
    child.once("exit", (code) => resume(new ClusterNotStarted({ reason: saidLast() || `exit code ${code}` })))
  })

const start = (options: ClusterOptions) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "evenkeel-demo-"))
      writeFileSync(tokenFile(folder), randomBytes(32).toString("hex"), { mode: 0o600 })
      const child = spawnSim({ ...options, folder, apps })
      const lastResort = (): void => {
        killGroup(child)
        rmSync(folder, { recursive: true, force: true })
      }
      process.once("exit", lastResort)
      return { child, folder, lastResort }
    }),
    ({ child, folder, lastResort }) =>
      Effect.async<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.stdin?.end()
      }).pipe(
        Effect.timeoutOption(endGraceMs),
        Effect.ensuring(
          Effect.sync(() => {
            killGroup(child)
            rmSync(folder, { recursive: true, force: true })
            process.off("exit", lastResort)
          })
        )
      )
  )

/** Runs until the scope closes; `say` is told what its process writes to its standard error. */
export const make = Effect.fn("Cluster.make")(function* (options: ClusterOptions, say: (line: string) => void) {
  const missing = bundles.find((file) => !existsSync(file))
  if (missing !== undefined) return yield* new BundleMissing({ file: missing })
  const { child, folder } = yield* start(options)
  let last = ""
  let isReady = false
  child.stderr?.on("data", (chunk: Buffer) => {
    const text = chunk.toString("utf8").trim()
    last = text || last
    // What it says before is why it does not start.
    if (isReady) for (const line of text.split("\n")) say(line)
  })
  child.stdin?.on("error", () => undefined)
  const entries = new Map<string, string>()
  const ready = yield* awaitReady(child, entries, () => last).pipe(
    Effect.timeoutFail({
      duration: startPatienceMs,
      onTimeout: () =>
        new ClusterNotStarted({ reason: last || `nothing was heard of it for ${startPatienceMs / 1000} s` })
    })
  )
  isReady = true
  const ended = Effect.async<string>((resume) => {
    const tell = () => resume(Effect.succeed(last || "no message"))
    if (child.exitCode !== null || child.signalCode !== null) tell()
    else child.once("exit", tell)
  })
  const cluster: Cluster = { ...ready, entries, folder, ended }
  return cluster
})

/** The stack of `deploy/stack.yml` with a service of three replicas beside it; without rebalancers where there are no routers. */
export const stackOf = (routing: SimSite["routing"]): Stack.Stack => {
  const stack = Stack.read(readFileSync(stackFile, "utf8"), stackName, [{ of: "vvm1", name: "trio", replicas: 3 }])
  if (routing === "routers") return stack
  return { ...stack, services: stack.services.filter(({ shortName }) => shortName !== "rebalancer") }
}

/** Creates the stack's objects by the engine at `endpoint`. */
export const deploy = Effect.fn("Cluster.deploy")(function* (endpoint: string, stack: Stack.Stack) {
  const labels = { "com.docker.stack.namespace": stackName }
  const network = yield* Engine.create(endpoint, "/networks/create", {
    Name: stack.network,
    Driver: "overlay",
    Scope: "swarm",
    Labels: labels
  })
  const secrets = new Map<string, string>()
  for (const name of stack.secrets) {
    const Data = Buffer.from("known to the demo's programs by file").toString("base64")
    secrets.set(name, yield* Engine.create(endpoint, "/secrets/create", { Name: name, Labels: labels, Data }))
  }
  for (const service of stack.services)
    yield* Engine.create(endpoint, "/services/create", service.spec({ network, secrets }))
})
