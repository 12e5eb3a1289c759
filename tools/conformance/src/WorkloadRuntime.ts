/**
 * Runs the scenarios' tasks in the embedded Swarm as the lab's nodes run them: by their command and image. States only, no
 * processes; what the commands of `scenarios/Specs.ts` do is decided here, how long it takes is drawn from the seed: longer than
 * the agent's batches of reports, so that no state is passed over, and a stop longer than a start's preparation.
 */
import type { MakeRuntime, TaskHandle, TaskStart } from "@evenkeel/swarm-sim/swarm/TaskRuntime"
import { at, canonical, textAt } from "./EngineValue.ts"
import { failing, finishing } from "./scenarios/Specs.ts"

interface Workload {
  /** What is wrong with its image; empty: nothing. */
  readonly rejection: string
  /** With which code it ends by itself; null: it runs until it is told to stop. */
  readonly exitCode: number | null
  readonly isHealthy: boolean
}

/** The registry of the lab has two images; every other name is absent from it. */
const knownImage = /^10\.77\.0\.1:5000\/evenkeel\/node:(26|other)$/

export const workloadOf = ({ spec }: TaskStart): Workload => {
  const image = textAt(spec, "ContainerSpec", "Image").split("@")[0] ?? ""
  const command = canonical(at(spec, "ContainerSpec", "Command") ?? at(spec, "ContainerSpec", "Args"))
  const probe = canonical(at(spec, "ContainerSpec", "Healthcheck", "Test") ?? null)
  return {
    rejection: knownImage.test(image) ? "" : `No such image: ${image}`,
    exitCode: command === canonical(failing) ? 1 : command === canonical(finishing) ? 0 : null,
    isHealthy: !probe.includes("exit(1)")
  }
}

export const make: MakeRuntime = ({ schedule, random }) => ({
  prepare: (start, signals, extraMillis): TaskHandle => {
    const workload = workloadOf(start)
    const pending = new Set<() => void>()
    const later = (millis: number, action: () => void) => {
      const cancel = schedule(millis, () => {
        pending.delete(cancel)
        action()
      })
      pending.add(cancel)
    }
    const clear = () => {
      for (const cancel of pending) cancel()
      pending.clear()
    }
    later(random.between(110, 180), () => {
      if (workload.rejection === "") signals.prepared()
      else signals.rejected(workload.rejection)
    })
    const probe = () => {
      if (start.healthCheck === null) return
      const { intervalMillis, retries } = start.healthCheck
      if (workload.isHealthy) later(intervalMillis, signals.healthy)
      else later(intervalMillis * Math.max(1, retries), signals.unhealthy)
    }
    return {
      start: () =>
        later(random.between(120, 300) + extraMillis, () => {
          signals.started()
          if (workload.exitCode === null) probe()
          else later(random.between(110, 1_000), () => signals.exited(workload.exitCode ?? 0))
        }),
      stop: () => {
        // What ends by itself ends as it would have: it does not listen to signals.
        if (workload.exitCode !== null && pending.size > 0) return
        clear()
        later(random.between(350, 600), () => signals.exited(workload.exitCode ?? 0))
      },
      kill: clear,
      freeze: () => {},
      thaw: () => {},
      setHealthy: () => {}
    }
  }
})
