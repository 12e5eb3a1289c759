/**
 * Where SwarmKit leaves the outcome to chance (Go's map order, an unstable sort), the simulation asks here. By default a seeded
 * generator answers; a run that is to follow a recorded one answers with what was recorded.
 */
import type { SeededRandom } from "./SeededRandom.ts"

/** A free choice. `service` is the service's name. */
export type Choice =
  /** The next of the nodes that tie for tasks of this service, by node id; asked once for each place in their order. */
  | { readonly kind: "node"; readonly service: string; readonly candidates: ReadonlyArray<string> }
  /** Which of the tasks that wait together goes to this node, by slot (`0` for all tasks of a global service). */
  | {
      readonly kind: "task"
      readonly service: string
      readonly node: string
      readonly candidates: ReadonlyArray<string>
    }
  /** Which branch of the preferences' tree is filled next, by label value. */
  | { readonly kind: "branch"; readonly service: string; readonly candidates: ReadonlyArray<string> }
  /** The slot that a rolling update takes next: slot numbers, or node ids for a global service. */
  | { readonly kind: "update-slot"; readonly service: string; readonly candidates: ReadonlyArray<string> }
  /** The slot that a scale-down keeps next, of those that are the nth copy on their nodes alike. */
  | { readonly kind: "kept-slot"; readonly service: string; readonly candidates: ReadonlyArray<string> }
  /** The service whose waiting tasks are placed next, by name. */
  | { readonly kind: "group"; readonly candidates: ReadonlyArray<string> }
  /** Who notices first that this task of an update has failed: the `update`, or the `restart` that replaces the task. */
  | {
      readonly kind: "failure"
      readonly service: string
      readonly task: string
      readonly candidates: ReadonlyArray<string>
    }
  /**
   * Whether a manager that was cut off comes back with a higher term of raft, which makes the Swarm elect once more: `kept` or
   * `raised`.
   */
  | { readonly kind: "term"; readonly manager: string; readonly candidates: ReadonlyArray<string> }
  /** The manager that wins an election, by node id. */
  | { readonly kind: "leader"; readonly candidates: ReadonlyArray<string> }

export interface Choices {
  /** The index of the chosen candidate; asked only when there are two or more. */
  readonly pick: (choice: Choice) => number
}

export const seeded = (random: SeededRandom): Choices => ({ pick: ({ candidates }) => random.int(candidates.length) })

/**
 * The items in an order of free choice, one after the other, as far as they are taken. Items need not be many: each step takes
 * one out of the rest.
 */
export function* inFreeOrder<A>(
  items: ReadonlyArray<A>,
  nameOf: (item: A) => string,
  pick: (candidates: ReadonlyArray<string>) => number
): Generator<A, void> {
  const rest = [...items]
  const names = rest.map(nameOf)
  while (rest.length > 0) {
    const at = rest.length === 1 ? 0 : pick(names)
    const chosen = rest[at]
    const last = rest.pop()
    const lastName = names.pop()
    if (chosen === undefined || last === undefined || lastName === undefined)
      throw new RangeError(`choice ${at} of ${rest.length + 1} candidates`)
    if (at < rest.length) {
      rest[at] = last
      names[at] = lastName
    }
    yield chosen
  }
}
