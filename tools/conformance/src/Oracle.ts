/**
 * Answers the embedded Swarm's free choices with those of a recorded trace: which of the nodes that tie, which of the tasks
 * that wait, which slot an update takes next. It never offers a choice that the rules do not offer: where the recorded one is
 * not among the candidates the run goes another way, and the comparison shows it. What a trace cannot tell (in which order
 * services wait) is left to chance, so that a run may be tried more than once.
 */
import type { Choice, Choices } from "@evenkeel/swarm-sim/swarm/Choices"
import type { SwarmPort } from "@evenkeel/swarm-sim/swarm/SwarmPort"
import { at, type EngineObject, isObject, numberAt, textAt } from "./EngineValue.ts"
import type { Names } from "./Names.ts"
import type { StepTrace, TaskTrace, Trace } from "./Trace.ts"

export interface Oracle extends Choices {
  /** Before each step, from 0. */
  readonly atStep: (index: number) => void
  /** Once the Swarm exists. */
  readonly attach: (swarm: SwarmPort, names: Names) => void
}

/** `randomOf(i)` makes the chance of step i, from 0: a function that gives an integer below its argument. */
export const make = (trace: Trace, randomOf: (step: number) => (below: number) => number): Oracle => {
  let random = randomOf(0)
  let step: StepTrace | undefined = trace.steps[0]
  /** Elections since the step began. */
  let elections = 0
  let swarm: SwarmPort | undefined
  let names: Names | undefined

  const hostOf = (nodeId: string): string => textAt(swarm?.get("node", nodeId), "Description", "Hostname")

  const tasksOf = (service: string): ReadonlyArray<EngineObject> => {
    if (swarm === undefined || names === undefined) return []
    names.learn("node", swarm.list("node"))
    names.learn("service", swarm.list("service"))
    names.learnTasks(swarm.list("task"))
    const found = swarm.list("service").find((each) => textAt(each, "Spec", "Name") === service)
    return found === undefined ? [] : swarm.tasksOf(textAt(found, "ID"))
  }

  const recordedOf = (task: EngineObject): TaskTrace | undefined => {
    const name = names?.nameOf(textAt(task, "ID"))
    return step?.tasks.find((each) => each.name === name)
  }

  /** Hostnames that the recorded run chose for the service's tasks that wait now. */
  const awaited = (service: string): ReadonlyArray<string> =>
    tasksOf(service)
      .filter((task) => textAt(task, "NodeID") === "")
      .map((task) => recordedOf(task)?.node ?? "")

  /**
   * When the recorded run created the next task of a slot in this step. A slot that it did not touch comes last; of one that
   * took up a task that was there already the time is not known.
   */
  const nextCreated = (service: string, slot: string): number => {
    const stem = `${service}.${slot}#`
    const known = tasksOf(service).filter((task) => (names?.nameOf(textAt(task, "ID")) ?? "").startsWith(stem))
    const next = known.reduce((most, task) => {
      const n = Number((names?.nameOf(textAt(task, "ID")) ?? "").slice(stem.length))
      return Math.max(most, n)
    }, 0)
    const created = step?.tasks.find((each) => each.name === `${stem}${next + 1}`)?.created
    if (created !== undefined) return created
    const isTouched = step?.tasks.some((each) => each.name.startsWith(stem)) ?? false
    return isTouched && random(2) === 0 ? 0 : Infinity
  }

  const first = <A>(items: ReadonlyArray<A>, holds: (item: A) => boolean): number => {
    const fitting = items.flatMap((item, index) => (holds(item) ? [index] : []))
    return fitting[0] ?? random(items.length)
  }

  const pick = (choice: Choice): number => {
    switch (choice.kind) {
      case "node": {
        // Where the tasks do not come out even, the node that gets one more may be the first or the last of those that tie:
        // that depends on the nodes after them.
        const wanted = awaited(choice.service)
        const counts = choice.candidates.map((id) => wanted.filter((host) => host === hostOf(id)).length)
        const some = counts.filter((count) => count > 0)
        if (some.length === 0) return random(counts.length)
        const sought = random(2) === 0 ? Math.max(...some) : Math.min(...some)
        return first(counts, (count) => count === sought)
      }
      case "task": {
        const waiting = tasksOf(choice.service).filter((task) => textAt(task, "NodeID") === "")
        const here = hostOf(choice.node)
        const slots = new Set(
          waiting.filter((task) => recordedOf(task)?.node === here).map((task) => String(numberAt(task, "Slot") ?? 0))
        )
        return first(choice.candidates, (slot) => slots.has(slot))
      }
      case "update-slot": {
        const order = choice.candidates.map((slot) => nextCreated(choice.service, hostOf(slot) || slot))
        const earliest = Math.min(...order)
        return first(order, (created) => created === earliest)
      }
      case "kept-slot": {
        const kept = new Set(
          tasksOf(choice.service)
            .filter((task) => {
              const end = recordedOf(task)
              return end === undefined || end.desired.at(-1) === "running"
            })
            .map((task) => String(numberAt(task, "Slot") ?? 0))
        )
        return first(choice.candidates, (slot) => kept.has(slot))
      }
      case "branch": {
        const values = new Set(awaited(choice.service).flatMap((host) => labelValues(swarm, host)))
        return first(choice.candidates, (value) => values.has(value))
      }
      case "failure": {
        // The restart was first if the replacement was made from the same template as the task that failed.
        const [stem, n] = (names?.nameOf(choice.task) ?? "").split("#")
        const failed = step?.tasks.find(({ name }) => name === `${stem}#${n}`)
        const replacement = step?.tasks.find(({ name }) => name === `${stem}#${Number(n) + 1}`)
        if (failed === undefined || replacement === undefined) return random(choice.candidates.length)
        return choice.candidates.indexOf(failed.template === replacement.template ? "restart" : "update")
      }
      case "leader": {
        const leaders = step?.leaders ?? []
        const winner = leaders[++elections] ?? leaders.at(-1)
        return first(choice.candidates, (id) => hostOf(id) === winner)
      }
      case "term": {
        // A new leader makes all nodes unknown.
        const isElected = step?.nodes.some(({ states }) => states.includes("unknown")) ?? false
        return choice.candidates.indexOf(isElected ? "raised" : "kept")
      }
      case "group":
        return random(choice.candidates.length)
    }
  }

  return {
    pick,
    atStep: (index) => {
      step = trace.steps[index]
      elections = 0
      random = randomOf(index)
    },
    attach: (made, known) => {
      swarm = made
      names = known
    }
  }
}

const labelValues = (swarm: SwarmPort | undefined, host: string): ReadonlyArray<string> => {
  const node = swarm?.list("node").find((each) => textAt(each, "Description", "Hostname") === host)
  const labels = at(node, "Spec", "Labels")
  return isObject(labels) ? Object.values(labels).map(String) : []
}
