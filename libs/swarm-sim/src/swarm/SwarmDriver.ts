/**
 * Moves a simulated Swarm by Effect's Clock: it sleeps until something is due, or until a command or a runtime enters something
 * sooner. With a TestClock the Swarm moves when the test's clock does.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { Swarm } from "./Swarm.ts"
import type { SwarmOptions } from "./SwarmOptions.ts"
import type { Outcome, SwarmPort } from "./SwarmPort.ts"

export interface DriverOptions extends SwarmOptions {
  /** How many milliseconds of the Swarm pass in one of the clock. Default 1. */
  readonly speed?: number
}

export interface DrivenSwarm {
  /** Brought up to the clock's time before each call. */
  readonly port: SwarmPort
  readonly swarm: Swarm
  readonly speed: number
}

/** A Swarm that begins at the clock's time (unless `startMillis` says otherwise) and moves until the scope is closed. */
export const make = Effect.fn("SwarmDriver.make")(function* (
  options: DriverOptions = {}
): Effect.fn.Return<DrivenSwarm, never, Scope.Scope> {
  const clock = yield* Effect.clock
  const speed = options.speed ?? 1
  const clockStart = clock.unsafeCurrentTimeMillis()
  const startMillis = options.startMillis ?? clockStart
  const swarm = new Swarm({ ...options, startMillis })
  const presentMillis = () => startMillis + (clock.unsafeCurrentTimeMillis() - clockStart) * speed
  const wake = yield* Queue.sliding<null>(1)
  const poke = () => void Queue.unsafeOffer(wake, null)
  yield* Effect.addFinalizer(() => Effect.sync(swarm.onOutside(poke)))

  const step = Effect.gen(function* () {
    swarm.advanceTo(presentMillis())
    const due = swarm.nextDueMillis()
    const isPoked = Queue.take(wake).pipe(Effect.asVoid)
    if (due === null) return yield* isPoked
    const wait = Math.max(0, (due - presentMillis()) / speed)
    return yield* Effect.raceFirst(Effect.sleep(Math.ceil(wait)), isPoked)
  })
  yield* Effect.forkScoped(Effect.forever(step))
  return { swarm, speed, port: upToDate(swarm, () => swarm.advanceTo(presentMillis()), poke) }
})

/** The same Swarm, advanced before each call, and the driver woken after those that may have entered something. */
const upToDate = (swarm: Swarm, advance: () => void, poke: () => void): SwarmPort => {
  const reading =
    <A extends ReadonlyArray<unknown>, B>(read: (...args: A) => B) =>
    (...args: A): B => {
      advance()
      return read(...args)
    }
  const writing =
    <A extends ReadonlyArray<unknown>, B>(write: (...args: A) => Outcome<B>) =>
    (...args: A): Outcome<B> => {
      advance()
      const outcome = write(...args)
      poke()
      return outcome
    }
  return {
    nowMillis: reading(swarm.nowMillis),
    list: reading(swarm.list),
    get: reading(swarm.get),
    tasksOf: reading(swarm.tasksOf),
    taskTexts: reading(swarm.taskTexts),
    taskStates: reading(swarm.taskStates),
    createService: writing(swarm.createService),
    updateService: writing(swarm.updateService),
    removeService: writing(swarm.removeService),
    updateNode: writing(swarm.updateNode),
    removeNode: writing(swarm.removeNode),
    createNetwork: writing(swarm.createNetwork),
    removeNetwork: writing(swarm.removeNetwork),
    createSecret: writing(swarm.createSecret),
    updateSecret: writing(swarm.updateSecret),
    removeSecret: writing(swarm.removeSecret),
    createConfig: writing(swarm.createConfig),
    updateConfig: writing(swarm.updateConfig),
    removeConfig: writing(swarm.removeConfig),
    updateSwarm: writing(swarm.updateSwarm),
    swarm: reading(swarm.swarm),
    subscribe: swarm.subscribe,
    recentEvents: reading(swarm.recentEvents),
    leader: reading(swarm.leader),
    isManager: reading(swarm.isManager),
    isReachable: reading(swarm.isReachable),
    nodeCondition: reading(swarm.nodeCondition),
    fault: writing(swarm.fault),
    onChange: swarm.onChange,
    raftIndex: reading(swarm.raftIndex)
  }
}
