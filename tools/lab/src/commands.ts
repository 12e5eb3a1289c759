/** The verbs of the command line: call the lab, say what happened on stderr, print results on stdout. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Clock from "effect/Clock"
import { type Fault, type Invocation, usage } from "./Flags.ts"
import { Lab } from "./Lab.ts"
import { say } from "./Progress.ts"
import { runAttached } from "./Shell.ts"
import { render } from "./Status.ts"

const secondsSince = (start: number) =>
  Effect.map(Clock.currentTimeMillis, (now) => `${((now - start) / 1000).toFixed(1)} s`)

const up = Effect.fn("commands.up")(function* (invocation: Extract<Invocation, { verb: "up" }>) {
  const lab = yield* Lab
  const start = yield* Clock.currentTimeMillis
  const changed = yield* lab.up(invocation)
  yield* say(changed ? `up after ${yield* secondsSince(start)}` : "was up already; nothing was missing")
  if (invocation.images) yield* images({})
  yield* Console.log(render(yield* lab.status))
})

const images = Effect.fn("commands.images")(function* (options: {
  readonly tag?: string
  readonly apps?: ReadonlyArray<string>
}) {
  const lab = yield* Lab
  const start = yield* Clock.currentTimeMillis
  const built = yield* lab.buildImages(options)
  const made = built.filter((image) => image.built).length
  yield* say(`${made} images built and pushed, ${built.length - made} unchanged, ${yield* secondsSince(start)}`)
  yield* Console.log(built.map((image) => image.reference).join("\n"))
})

/** Runs inside the node's namespaces, in the caller's working directory, on the caller's terminal. */
const exec = Effect.fn("commands.exec")(function* (node: string, command: ReadonlyArray<string>) {
  const lab = yield* Lab
  const target = yield* lab.firstProcess(node)
  const script = 'cd "$1" 2>/dev/null; shift; exec "$@"'
  return yield* runAttached(
    "nsenter",
    [
      ...[`--target=${target}`, "--mount", "--uts", "--net", "--pid", "--"],
      ...["sh", "-c", script, "sh", process.cwd(), ...command]
    ],
    { addedEnv: { DOCKER_HOST: "", DOCKER_CONTEXT: "", DOCKER_TLS_VERIFY: "" } }
  )
})

/** Does the fault and gives back what to say of it. */
const inflict = Effect.fn("commands.inflict")(function* (fault: Fault, node: string, powerCut: boolean) {
  const lab = yield* Lab
  switch (fault) {
    case "black-hole":
      return (yield* lab.blackHole(node)) ? `${node} is cut off` : `${node} was cut off already`
    case "crash":
      return (yield* lab.crash(node, { powerCut })) ? `${node} has crashed` : `${node} had crashed already`
    case "reboot":
      yield* lab.reboot(node, { powerCut })
      return `${node} has rebooted`
    case "restart-dockerd":
      yield* lab.restartDockerd(node)
      return `the engine of ${node} was killed and answers again`
    case "restore": {
      const done = yield* lab.restore(node)
      return done === "nothing" ? `${node} needed no restoring` : `${node} is ${done}`
    }
  }
})

const fault = Effect.fn("commands.fault")(function* (invocation: Extract<Invocation, { verb: "fault" }>) {
  const { fault: kind, node, powerCut, wait } = invocation
  const lab = yield* Lab
  const start = yield* Clock.currentTimeMillis
  yield* say(yield* inflict(kind, node, powerCut))
  if (!wait) return
  const wanted = kind === "black-hole" || kind === "crash" ? "down" : "ready"
  yield* lab.awaitMember(node, wanted)
  yield* say(`Swarm sees ${node} ${wanted} after ${yield* secondsSince(start)}`)
})

/** Runs an invocation; the result is the exit code. */
export const execute = Effect.fn("commands.execute")(function* (invocation: Invocation) {
  const lab = yield* Lab
  switch (invocation.verb) {
    case "help":
      yield* Console.log(usage.trimEnd())
      return 0
    case "up":
      yield* up(invocation)
      return 0
    case "down":
      yield* say((yield* lab.down) ? "down; nothing is left" : "there was no lab")
      return 0
    case "status": {
      const status = yield* lab.status
      yield* Console.log(invocation.json ? JSON.stringify(status, null, 2) : render(status))
      return 0
    }
    case "images":
      yield* images(invocation)
      return 0
    case "exec":
      return yield* exec(invocation.node, invocation.command)
    case "fault":
      yield* fault(invocation)
      return 0
  }
})
