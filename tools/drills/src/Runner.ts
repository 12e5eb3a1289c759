/**
 * Runs a drill's steps on its target, records what served meanwhile, and gives back the evidence: per phase the samples and the
 * nodes that were open, at the end specs and configs. Judges nothing. A step that fails ends the drill, and is part of what is judged.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { type Condition, defaultPatience, type Drill, type Promised, type Step } from "./Drill.ts"
import { call } from "./EngineCall.ts"
import * as Scene from "./Scene.ts"
import * as SwarmReading from "./SwarmReading.ts"
import type { Target } from "./Target.ts"
import type { Sample } from "./TaskHistory.ts"

export interface PhaseRecord {
  readonly name: string
  readonly promised: Promised
  readonly deployed: ReadonlyArray<string>
  /** The last before the phase, and all in it. */
  readonly samples: ReadonlyArray<Sample>
  /** Slots of the tasks that there were at its beginning and at its end, by id. */
  readonly slots: readonly [ReadonlyMap<string, number>, ReadonlyMap<string, number>]
  /** Hostnames that could get tasks at its end. */
  readonly open: ReadonlySet<string>
  /** Versions of the services at its beginning and its end: equal when nobody has written. */
  readonly versions: readonly [string, string]
}

export interface Evidence {
  readonly drill: Drill
  readonly phases: ReadonlyArray<PhaseRecord>
  /** Why the drill did not come to its end; null when it did. */
  readonly failure: string | null
  readonly reading: SwarmReading.SwarmReading | null
  /** The user's specs as text, by name. */
  readonly wanted: ReadonlyMap<string, string>
  readonly configs: ReadonlyArray<string>
  readonly seconds: number
}

export interface RunOptions {
  /** Bounds every wait, in seconds of the Swarm. */
  readonly patience: number | null
  readonly say: (text: string) => Effect.Effect<void>
}

const describe = (condition: Condition): string => {
  switch (condition._tag) {
    case "node":
      return `${condition.node} to be ${condition.is}`
    case "moving":
      return `a move of ${condition.service} (${condition.point})`
    case "told":
      return "the operator to be told"
    default:
      return `the services to be ${condition._tag}`
  }
}

const pollMillis = 50

interface Recording {
  readonly all: Ref.Ref<ReadonlyArray<Sample>>
  /** Takes in what has been committed up to now. */
  readonly catchUp: Effect.Effect<void>
}

const record = Effect.fn("Runner.record")(function* (target: Target) {
  const all = yield* Ref.make<ReadonlyArray<Sample>>([])
  const turn = yield* Effect.makeSemaphore(1)
  const catchUp = target.samples.pipe(
    Effect.flatMap((fresh) => Ref.update(all, (before) => (fresh.length === 0 ? before : [...before, ...fresh]))),
    Effect.ignore,
    turn.withPermits(1)
  )
  yield* Effect.forkScoped(Effect.repeat(catchUp, Schedule.spaced("100 millis")))
  return { all, catchUp } satisfies Recording
})

/** Waits until the condition holds. Seconds of the Swarm. */
const wait = (scene: Scene.Scene, condition: Condition, seconds: number) =>
  Scene.holds(scene, condition).pipe(
    Effect.orElseSucceed(() => false),
    Effect.repeat({ until: (isSo) => isSo, schedule: Schedule.spaced(pollMillis) }),
    Effect.timeoutFail({
      duration: (seconds * 1000) / scene.target.speed,
      onTimeout: () =>
        new Scene.StepImpossible({ reason: `waited ${seconds} s of the Swarm in vain for ${describe(condition)}` })
    })
  )

const perform = (scene: Scene.Scene, step: Exclude<Step, { _tag: "phase" }>, options: RunOptions) =>
  Effect.gen(function* () {
    const { target } = scene
    switch (step._tag) {
      case "fault": {
        const node = yield* Scene.resolve(scene, step.node)
        if (step.node === "leader") yield* Ref.set(scene.lostLeader, node)
        yield* options.say(`${step.fault} ${node}`)
        if (step.fault !== "restore") yield* Ref.update(scene.unreachable, (lost) => new Set(lost).add(node))
        yield* target.fault(step.fault, node)
        if (step.fault === "restore")
          yield* Ref.update(scene.unreachable, (lost) => new Set([...lost].filter((name) => name !== node)))
        return
      }
      case "join":
        yield* options.say(`${step.node} joins`)
        yield* target.join(step.node)
        return yield* Ref.update(scene.unreachable, (lost) => new Set([...lost].filter((name) => name !== step.node)))
      case "availability":
        yield* options.say(`${step.node} is set to ${step.availability}`)
        return yield* setAvailability(scene, step.node, step.availability)
      case "kill-rebalancer": {
        const leader = yield* Scene.resolve(scene, "leader")
        yield* options.say(`SIGKILL to the rebalancer on ${leader}`)
        return yield* target.killRebalancer(leader)
      }
      case "deploy":
      case "rollback":
        yield* options.say(`the user: ${step._tag} of ${step.service}`)
        return yield* Scene.change(scene, step.service, step._tag)
      case "image":
        return yield* target.setImage(step.node, step.isThere)
      case "await": {
        const patience = step.within ?? defaultPatience
        yield* wait(scene, step.until, Math.min(patience, options.patience ?? patience))
        return yield* options.say(`seen: ${describe(step.until)}`)
      }
      case "pass":
        return yield* Effect.sleep((step.seconds * 1000) / target.speed)
    }
  })

const setAvailability = Effect.fn("Runner.setAvailability")(function* (
  scene: Scene.Scene,
  name: string,
  availability: string
) {
  const socketPath = yield* Scene.managerOf(scene)
  const text = yield* call(socketPath, `/nodes/${name}`)
  const version = /"Version":\{"Index":(\d+)\}/.exec(text)?.[1] ?? ""
  const id = /"ID":"([^"]+)"/.exec(text)?.[1] ?? name
  const spec = JSON.parse(SwarmReading.memberText(text, "Spec") ?? "{}") as object
  const body = JSON.stringify({ ...spec, Availability: availability })
  yield* call(socketPath, `/nodes/${id}/update?version=${version}`, { method: "POST", body })
})

const versionsOf = (reading: SwarmReading.SwarmReading): string =>
  reading.services.map(({ name, version }) => `${name} ${version}`).join(", ")

/** Closes phases as steps open new ones. */
const phasesOf = Effect.fn("Runner.phasesOf")(function* (scene: Scene.Scene, { all, catchUp }: Recording) {
  const done = yield* Ref.make<ReadonlyArray<PhaseRecord>>([])
  const open = yield* Ref.make({
    step: { name: "set up", promised: "swarm" as Promised, deployed: [] as ReadonlyArray<string> },
    from: 0,
    slots: new Map() as ReadonlyMap<string, number>,
    versions: ""
  })
  const look = Scene.look(scene).pipe(Effect.retry({ times: 20, schedule: Schedule.spaced("100 millis") }))
  const close = Effect.gen(function* () {
    const reading = yield* look
    yield* catchUp
    const samples = yield* Ref.get(all)
    const { from, slots, step, versions } = yield* Ref.get(open)
    const record: PhaseRecord = {
      ...step,
      samples: samples.slice(Math.max(0, from - 1)),
      slots: [slots, SwarmReading.slotsOf(reading)],
      open: Scene.openNodes(reading),
      versions: [versions, versionsOf(reading)]
    }
    yield* Ref.update(done, (records) => [...records, record])
    return { from: samples.length, slots: SwarmReading.slotsOf(reading), versions: versionsOf(reading) }
  })
  const begin = (step: Extract<Step, { _tag: "phase" }>) =>
    Effect.flatMap(close, (next) =>
      Ref.set(open, { step: { name: step.name, promised: step.promised, deployed: step.deployed ?? [] }, ...next })
    )
  return { begin, close, done: Ref.get(done) }
})

/** Runs the drill on a target that is up. */
export const run = Effect.fn("Runner.run")(function* (drill: Drill, target: Target, options: RunOptions) {
  const clock = yield* Effect.clock
  const begun = yield* clock.currentTimeMillis
  const scene = yield* Scene.setUp(drill, target)
  const recording = yield* record(target)
  const phases = yield* phasesOf(scene, recording)
  const outcome = yield* Effect.forEach(
    drill.steps,
    (step) =>
      step._tag === "phase"
        ? Effect.zipRight(options.say(`phase: ${step.name}`), phases.begin(step))
        : perform(scene, step, options),
    { discard: true }
  ).pipe(Effect.either)
  yield* Effect.ignore(phases.close)
  const reading = yield* Effect.option(Scene.look(scene))
  const configs = yield* Effect.flatMap(Scene.managerOf(scene), SwarmReading.configs).pipe(
    Effect.orElseSucceed(() => [] as ReadonlyArray<string>)
  )
  return {
    drill,
    phases: yield* phases.done,
    failure: Either.isLeft(outcome) ? outcome.left.message : null,
    reading: reading._tag === "Some" ? reading.value : null,
    wanted: yield* Ref.get(scene.wanted),
    configs,
    seconds: ((yield* clock.currentTimeMillis) - begun) / 1000
  } satisfies Evidence
})
