/**
 * Runs the command in this process against an engine in memory, and gives what a shell would see: stdout, stderr and the exit
 * code. Time is the test's: it goes on by itself while a command waits.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { SwarmClient, type SwarmClientShape } from "@evenkeel/swarm-client/SwarmClient"
import {
  layerTest,
  SwarmClientTestControl,
  type TestObject,
  type TestSwarm
} from "@evenkeel/swarm-client/SwarmClientTest"
import { wireNode, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import * as App from "../src/App.ts"
import { Prober } from "../src/drill/Prober.ts"
import { EngineAccess } from "../src/EngineAccess.ts"
import { FileAccess, FileRefused } from "../src/FileAccess.ts"
import { Screen } from "../src/Screen.ts"
import { ShellCommand, ShellCommandFailed } from "../src/ShellCommand.ts"

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  /** What a person answers, one line a question; given: there is a terminal. */
  readonly answers?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  /** Given: stdout is a terminal of so many columns. */
  readonly columns?: number
  /** What shell commands end with; 0 where none is named. */
  readonly exitCodes?: Readonly<Record<string, number>>
  /** What a drill's requests come to: null for a good answer, else why it failed. Default: all are good. */
  readonly answer?: (url: string) => Effect.Effect<string | null>
  /** Called with every text on stderr, as it comes. */
  readonly onTell?: (text: string) => void
}

export interface Shell {
  readonly client: SwarmClientShape
  readonly control: Context.Tag.Service<typeof SwarmClientTestControl>
  readonly files: Map<string, string>
  /** Shell commands that were run, with what was added to their environment. */
  readonly commands: Array<string>
  readonly run: (commandLine: string, surroundings?: Surroundings) => Effect.Effect<Outcome>
  /** Begins a command and interrupts it, as Ctrl-C does, once it has written this to stderr. Gives stderr. */
  readonly interruptAt: (commandLine: string, text: string) => Effect.Effect<string>
}

/** After the samples' `CreatedAt` by more than the cool-down. */
const startMillis = Date.parse("2026-01-02T12:00:00Z")

const turn = Effect.promise(() => new Promise<void>((resume) => setImmediate(resume)))

/** Lets time pass until the fiber has ended. */
const drive = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (Option.isNone(yield* Fiber.poll(fiber))) {
      yield* turn
      yield* TestClock.adjust("100 millis")
    }
  })

/** `react` is the rest of the Swarm: what it does once a service or node has been written. */
export const makeShell = (
  swarm: TestSwarm,
  react: (shell: Pick<Shell, "client" | "control">, id: string) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<Shell, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startMillis)
    const engine = yield* Layer.build(layerTest(swarm))
    const control = Context.get(engine, SwarmClientTestControl)
    const original = Context.get(engine, SwarmClient)
    const client: SwarmClientShape = {
      ...original,
      updateService: (update) =>
        Effect.tap(original.updateService(update), () => react({ client: original, control }, update.id)),
      updateNode: (update) =>
        Effect.tap(original.updateNode(update), () => react({ client: original, control }, update.id))
    }
    const files = new Map<string, string>()
    const commands: Array<string> = []
    const begin = (commandLine: string, surroundings: Surroundings) => {
      const written = { stdout: "", stderr: "" }
      const answers = [...(surroundings.answers ?? [])]
      const endLine = (text: string) => (text === "" || text.endsWith("\n") ? text : `${text}\n`)
      const tell = (text: string) =>
        Effect.sync(() => {
          written.stderr += endLine(text)
          surroundings.onTell?.(text)
        })
      const screen = Screen.of({
        print: (text) => Effect.sync(() => void (written.stdout += endLine(text))),
        tell,
        ask: (question) => Effect.as(tell(question), answers.shift() ?? null),
        isInteractive: surroundings.answers !== undefined,
        isStdoutTerminal: surroundings.columns !== undefined,
        isStderrTerminal: surroundings.answers !== undefined,
        columns: surroundings.columns ?? null,
        environment: surroundings.environment ?? {}
      })
      const layer = Layer.mergeAll(
        Layer.succeed(Screen, screen),
        Layer.succeed(EngineAccess, { connect: () => Layer.succeed(SwarmClient, client) }),
        Layer.succeed(Prober, { probe: ({ url }) => surroundings.answer?.(url) ?? Effect.succeed(null) }),
        Layer.succeed(ShellCommand, {
          run: (command, environment) =>
            Effect.suspend(() => {
              commands.push(`${environment["EVENKEEL_NODE"]}: ${command}`)
              const exitCode = surroundings.exitCodes?.[command] ?? 0
              return exitCode === 0 ? Effect.void : new ShellCommandFailed({ command, exitCode })
            })
        }),
        Layer.succeed(FileAccess, {
          read: (path) =>
            Effect.suspend(() => {
              const text = files.get(path)
              return text === undefined ? new FileRefused({ path, reason: "it does not exist" }) : Effect.succeed(text)
            }),
          write: (path, text) => Effect.sync(() => void files.set(path, text))
        })
      )
      const argv = commandLine.split(" ").flatMap((word) => (word === "" ? [] : word === "''" ? [""] : [word]))
      return Effect.map(Effect.fork(Effect.provide(App.run(argv), layer)), (fiber) => ({ fiber, written }))
    }
    return {
      client: original,
      control,
      files,
      commands,
      run: (commandLine, surroundings = {}) =>
        Effect.gen(function* () {
          const { fiber, written } = yield* begin(commandLine, surroundings)
          yield* drive(fiber)
          return { code: yield* Fiber.join(fiber), ...written }
        }),
      interruptAt: (commandLine, text) =>
        Effect.gen(function* () {
          let isReached = false
          const { fiber, written } = yield* begin(commandLine, {
            onTell: (told) => {
              if (told.includes(text)) isReached = true
            }
          })
          while (!isReached && Option.isNone(yield* Fiber.poll(fiber))) {
            yield* turn
            yield* TestClock.adjust("100 millis")
          }
          yield* drive(yield* Effect.fork(Fiber.interrupt(fiber)))
          return written.stderr
        })
    }
  })

export const nodes = [
  wireNode({ id: "node1", hostname: "n1", leader: true }),
  wireNode({ id: "node2", hostname: "n2" }),
  wireNode({ id: "node3", hostname: "n3" })
]

/** Six services of one replica in one group: three on n1, three on n2, none on n3. */
export const uneven: TestSwarm = {
  nodes,
  services: [1, 2, 3, 4, 5, 6].map((n) =>
    wireService({ id: `svc${n}`, name: `vvm${n}`, labels: { "evenkeel.group": "vvm" } })
  ),
  tasks: [1, 2, 3, 4, 5, 6].map((n) =>
    wireTask({ id: `task${n}`, service: `svc${n}`, node: n <= 3 ? "node1" : "node2" })
  )
}

/** The same with two on each node. */
export const even: TestSwarm = {
  ...uneven,
  tasks: [1, 2, 3, 4, 5, 6].map((n) =>
    wireTask({ id: `task${n}`, service: `svc${n}`, node: `node${Math.ceil(n / 2)}` })
  )
}

/** A service of one task whose state is on its node: it cannot be moved. */
export const tied = (name: string): TestObject => ({
  ...wireService({ id: name }),
  Spec: {
    Name: name,
    Labels: {},
    TaskTemplate: { ContainerSpec: { Image: "vvm:1", Mounts: [{ Type: "volume", Source: "data", Target: "/data" }] } },
    Mode: { Replicated: { Replicas: 1 } }
  }
})

/**
 * Swarm's answer to a pin: where the constraints name another node than its task's, a new task runs there and the old one has
 * ended.
 */
export const obeyPins = ({ client, control }: Pick<Shell, "client" | "control">, id: string) =>
  Effect.gen(function* () {
    const { service } = yield* client.service(id)
    const target = service.placement.constraints.flatMap((text) => /^node\.id==(.*)$/.exec(text)?.[1] ?? [])[0]
    const live = (yield* client.tasks({ service: [id] })).find((task) => task.isServing)
    if (target === undefined || live === undefined || live.node === target) return
    yield* control.patch("tasks", live.id, [
      { path: ["DesiredState"], value: '"shutdown"' },
      { path: ["Status", "State"], value: '"shutdown"' }
    ])
    yield* control.put("tasks", wireTask({ id: `${live.id}b`, service: id, node: target }))
  }).pipe(Effect.orDie)

/**
 * Swarm's answer to an empty: where the constraints exclude the node of a task, a new one runs on the emptiest other node and
 * the old one has ended.
 */
export const obeyEmpties = ({ client, control }: Pick<Shell, "client" | "control">, id: string) =>
  Effect.gen(function* () {
    if (!(yield* client.services).some((service) => service.id === id)) return
    const { service } = yield* client.service(id)
    const left = service.placement.constraints.flatMap((text) => /^node\.id!=(.*)$/.exec(text)?.[1] ?? [])[0]
    for (const task of yield* client.tasks({ service: [id] })) {
      if (!task.isServing || task.node !== left) continue
      const all = yield* client.tasks()
      const open = (yield* client.nodes).filter((node) => node.isSchedulable && node.id !== left)
      const load = (node: string) => all.filter((each) => each.isServing && each.node === node).length
      const target = open.toSorted((a, b) => load(a.id) - load(b.id))[0]
      if (target === undefined) continue
      yield* control.patch("tasks", task.id, [
        { path: ["DesiredState"], value: '"shutdown"' },
        { path: ["Status", "State"], value: '"shutdown"' }
      ])
      yield* control.put("tasks", wireTask({ id: `${task.id}x`, service: id, node: target.id, slot: task.slot }))
    }
  }).pipe(Effect.orDie)

/** Where the serving tasks are: `{ node1: 2, … }`. */
export const placement = ({ client }: Shell) =>
  Effect.map(Effect.orDie(client.tasks()), (tasks) => {
    const counts: Record<string, number> = {}
    for (const task of tasks) if (task.isServing && task.node !== null) counts[task.node] = (counts[task.node] ?? 0) + 1
    return counts
  })
