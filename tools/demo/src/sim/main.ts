/**
 * The embedded Swarm of the demo as a process: says in one line of JSON where it is, and ends when its standard input closes,
 * with everything it started. Its command line is one JSON value, see `SimSite`.
 */
import { createServer } from "node:net"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { defaults } from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"
import * as DemoWorkload from "./DemoWorkload.ts"
import { obstacleTo } from "./LoopbackRange.ts"
import { killAll } from "./ProcessWorkload.ts"
import {
  lockAddress,
  nodeCount,
  rebalancerPort,
  type SimEntry,
  type SimReady,
  SimSite,
  socketOf,
  tableFile
} from "./SimSite.ts"
import * as TableWriter from "./TableWriter.ts"
import * as Tasks from "./Tasks.ts"

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** Represents a machine on which a demo runs already. */
export class DemoRunning extends Schema.TaggedError<DemoRunning>()("DemoRunning", { reason: Schema.String }) {
  override get message(): string {
    return `${lockAddress}:${rebalancerPort} cannot be bound (${this.reason}): another demo runs on this machine; end it first`
  }
}

/**
 * How far Swarm's clock begins in the past: it is faster than the machine's, and rebalancers leave alone what was written in
 * the future. Lasts for five hours of any speed.
 */
const behindMillis = (speed: number): number => speed * 5 * 3_600_000

const workloadServices = ["vvm1", "vvm2", "vvm3", "vvm4", "vvm5", "vvm6", "trio"]

/** By the first manager that answers. */
const anyManager = async (
  folder: string,
  started: ReadonlyMap<string, Tasks.Backend>
): Promise<ReadonlyArray<Tasks.Backend>> => {
  for (let i = 1; i < nodeCount; i++) {
    const answer = await Tasks.running(socketOf(folder, `n${i}`), started).catch(() => null)
    if (answer !== null) return answer
  }
  return Tasks.running(socketOf(folder, `n${nodeCount}`), started)
}

/** On an address of its own, so that it holds for as long as the process lives. */
const lock = Effect.async<void, DemoRunning>((resume) => {
  const server = createServer()
  server.once("error", (error: NodeJS.ErrnoException) =>
    resume(new DemoRunning({ reason: error.code ?? error.message }))
  )
  server.listen({ host: lockAddress, port: rebalancerPort }, () => {
    server.unref()
    resume(Effect.void)
  })
})

const program = Effect.gen(function* () {
  const site = yield* Schema.decode(Schema.parseJson(SimSite))(process.argv[2] ?? "")
  process.once("exit", () => {
    killAll()
    rmSync(site.folder, { recursive: true, force: true })
  })
  const obstacle = site.portsOnly ? "--ports" : yield* Effect.promise(() => obstacleTo(DemoWorkload.fixedPorts))
  const hasRange = obstacle === null
  if (hasRange) yield* lock
  const vvm = (yield* Effect.promise(() => import(pathToFileURL(join(site.apps, "vvm", "vvm.mjs")).href))) as {
    readonly startVvm: DemoWorkload.StartVvm
  }
  const print = (line: SimReady | SimEntry): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
  const { started, workload } = DemoWorkload.make({ site, hasRange, startVvm: vvm.startVvm, onEntry: print })
  if (!hasRange) TableWriter.start(tableFile(site.folder), workloadServices, () => anyManager(site.folder, started))
  const startMillis = (yield* Clock.currentTimeMillis) - behindMillis(site.speed)
  const { addresses } = yield* SimServer.make(
    {
      ...defaults,
      nodes: nodeCount,
      managers: nodeCount,
      socketsFolder: site.folder,
      speed: site.speed,
      seed: site.seed,
      runtime: "loopback",
      workload: "the demo's"
    },
    // Addresses of tasks are told by the demo itself.
    (line) => void (line.includes(": http://127.0.0.1:") || say(line)),
    { workload, hasRange, swarm: { startMillis } }
  )
  print({ ...addresses, obstacle })
  return yield* Effect.never
}).pipe(Effect.scoped)

/** A failure by its message, anything else with where it came from. */
const said = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.squash(cause)
  return failure instanceof Error && !Cause.isDie(cause) ? failure.message : String(cause)
}

const fiber = Effect.runFork(program)
/** Less than the demo waits before it kills this process, which could then tidy up no more. */
const endGraceMs = 2_000
const stop = (): void => {
  Effect.runFork(Fiber.interrupt(fiber))
  setTimeout(() => process.exit(1), endGraceMs).unref()
}
process.once("SIGTERM", stop)
process.stdin.once("close", stop)
process.stdin.once("error", stop)
process.stdin.resume()
fiber.addObserver((exit) => {
  const isFailure = Exit.isFailure(exit) && !Exit.isInterrupted(exit)
  if (isFailure) say(said(exit.cause))
  process.exit(isFailure ? 1 : 0)
})
