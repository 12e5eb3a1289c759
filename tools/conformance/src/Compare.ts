/**
 * Lists where two traces of one scenario differ. The recorded one is the truth. Nothing is left out but what an observer who
 * looks ten times a second may miss: a recorded sequence of states must be part of the embedded one, in its order, with the
 * same end, and must hold every state that lasted.
 */
import { canonical } from "./EngineValue.ts"
import type { NodeTrace, ServiceTrace, StepTrace, TaskTrace, Trace } from "./Trace.ts"

export interface Difference {
  readonly scenario: string
  /** From 1; 0 for the trace as a whole. */
  readonly step: number
  /** What differs: `task web.1#1 node`, `answer body`. */
  readonly what: string
  readonly recorded: string
  readonly embedded: string
}

export const compare = (recorded: Trace, embedded: Trace): ReadonlyArray<Difference> => {
  const found: Array<Difference> = []
  const { scenario } = recorded
  const at =
    (step: number): Report =>
    (what, a, b) => {
      const [left, right] = [textOf(a), textOf(b)]
      if (left !== right) found.push({ scenario, step, what, recorded: left, embedded: right })
    }
  at(0)("leader", recorded.leader, embedded.leader)
  at(0)(
    "steps",
    recorded.steps.map(({ step }) => step),
    embedded.steps.map(({ step }) => step)
  )
  for (const [i, step] of recorded.steps.entries()) {
    const other = embedded.steps[i]
    if (other !== undefined && other.step === step.step) compareStep(step, other, at(i + 1))
  }
  return found
}

type Report = (what: string, recorded: unknown, embedded: unknown) => void

const textOf = (value: unknown): string => (value === undefined ? "absent" : canonical(value))

const compareStep = (recorded: StepTrace, embedded: StepTrace, report: Report): void => {
  report("answer status", recorded.answer?.status, embedded.answer?.status)
  report("answer body", recorded.answer?.body, embedded.answer?.body)
  report("reached", recorded.reached, embedded.reached)
  report("survived", recorded.survived, embedded.survived)
  report("removed services", recorded.removed, embedded.removed)
  report("on", recorded.on, embedded.on)
  if (recorded.written !== undefined) report("written services", recorded.written, embedded.written)
  if (recorded.leaders !== undefined) sequence("leaders", recorded.leaders, embedded.leaders ?? [], [], report)
  inPairs("task", recorded.tasks, embedded.tasks, report, compareTask)
  inPairs("service", recorded.services, embedded.services, report, compareService)
  const seen = new Set(recorded.nodes.map(({ name }) => name))
  const nodes = embedded.nodes.filter((node) => seen.has(node.name) || !isBackAsBefore(node))
  inPairs("node", recorded.nodes, nodes, report, compareNode)
  const [eventsA, eventsB] = [eventsByObject(recorded.events), eventsByObject(embedded.events)]
  for (const object of new Set([...eventsA.keys(), ...eventsB.keys()])) {
    const events = eventsB.get(object) ?? []
    report(`events of ${object}`, withoutDescription(object, eventsA.get(object) ?? [], events), events)
  }
}

/**
 * An agent tells anew what its node is made of, up to twenty seconds after its engine has started; that writes the node once. So
 * one plain update of a node more than the embedded Swarm has says nothing, nor does when they come: those of a new leader and
 * those of a new role are written by parts of it that do not wait for each other.
 */
const withoutDescription = (
  object: string,
  recorded: ReadonlyArray<string>,
  embedded: ReadonlyArray<string>
): ReadonlyArray<string> => {
  if (!object.startsWith("node ")) return recorded
  const isPlain = (event: string) => event === `${object} update`
  const telling = (events: ReadonlyArray<string>) => events.filter((event) => !isPlain(event))
  const [more, fewer] = [recorded.filter(isPlain).length, embedded.filter(isPlain).length]
  const isSame = telling(recorded).join("\n") === telling(embedded).join("\n") && (more === fewer || more === fewer + 1)
  return isSame ? embedded : recorded
}

const inPairs = <A extends { readonly name: string }>(
  kind: string,
  recorded: ReadonlyArray<A>,
  embedded: ReadonlyArray<A>,
  report: Report,
  each: (recorded: A, embedded: A, report: Report) => void
): void => {
  const others = Map.groupBy(embedded, ({ name }) => name)
  for (const object of recorded) {
    const other = others.get(object.name)?.shift()
    if (other === undefined) report(`${kind} ${object.name}`, object, undefined)
    else each(object, other, (what, a, b) => report(`${kind} ${object.name} ${what}`, a, b))
  }
  for (const other of [...others.values()].flat()) report(`${kind} ${other.name}`, undefined, other)
}

const compareTask = (recorded: TaskTrace, embedded: TaskTrace, report: Report): void => {
  report("node", recorded.node, embedded.node)
  // Of a task that is gone the last states may have been missed as any others.
  const isGone = recorded.gone === true && embedded.gone === true
  const lasting = embedded.lasting.filter((state) => !wasLate(recorded, state))
  sequence("states", recorded.states, withPassed(embedded.states), lasting, report, isGone)
  sequence("desired", recorded.desired, embedded.desired, [], report, isGone)
  if (!isGone || recorded.states.at(-1) === embedded.states.at(-1)) {
    report("message", recorded.message, embedded.message)
    report("error", recorded.error, embedded.error)
    report("exit code", recorded.exitCode, embedded.exitCode)
  }
  report("template", recorded.template, embedded.template)
  report("networks", recorded.networks, embedded.networks)
  report("gone", recorded.gone, embedded.gone)
  report("created", recorded.created !== undefined, embedded.created !== undefined)
}

/** What every task passes on its node, on the way to a running container. */
const wayUp = ["assigned", "accepted", "preparing", "ready", "starting", "running"]

/**
 * A replacement that is held back waits in `ready` for what is left of its delay: nothing, where a busy machine took as long to
 * prepare it.
 */
const wasLate = ({ lasting }: TaskTrace, state: string): boolean =>
  state === "ready" && lasting.some((earlier) => ["assigned", "accepted", "preparing"].includes(earlier))

/**
 * With the states that a task must have passed on its node between two that are listed: agents report in batches, so the store
 * does not show each of them, in one Swarm as in the other. What managers do is in the store, state by state.
 */
export const withPassed = (states: ReadonlyArray<string>): ReadonlyArray<string> =>
  states.flatMap((state, i) => {
    const [from, to] = [wayUp.indexOf(states[i - 1] ?? ""), wayUp.indexOf(state)]
    return from >= 0 && to > from ? wayUp.slice(from + 1, to + 1) : [state]
  })

const compareService = (recorded: ServiceTrace, embedded: ServiceTrace, report: Report): void => {
  report("spec", recorded.spec, embedded.spec)
  report("previous spec", recorded.previousSpec, embedded.previousSpec)
  report("endpoint spec", recorded.endpointSpec, embedded.endpointSpec)
  sequence("updates", recorded.updates, embedded.updates, [], report)
}

/** A node that is in the end what it was: while managers elect nobody can be asked, and what passes meanwhile only events tell. */
const isBackAsBefore = ({ states }: NodeTrace): boolean => states.length > 1 && states[0] === states.at(-1)

const compareNode = (recorded: NodeTrace, embedded: NodeTrace, report: Report): void => {
  report("role", recorded.role, embedded.role)
  report("availability", recorded.availability, embedded.availability)
  report("labels", recorded.labels, embedded.labels)
  report("message", recorded.message, embedded.message)
  report("reachability", recorded.reachability, embedded.reachability)
  sequence("states", recorded.states, embedded.states, [], report)
}

/** The recorded sequence within the embedded one; the same end; nothing that lasted missing. */
const sequence = (
  what: string,
  recorded: ReadonlyArray<string>,
  embedded: ReadonlyArray<string>,
  lasting: ReadonlyArray<string>,
  report: Report,
  isGone = false
): void => {
  const holds =
    isWithin(recorded, embedded) &&
    (isGone || recorded.at(-1) === embedded.at(-1)) &&
    lasting.every((state) => recorded.includes(state))
  if (!holds) report(what, recorded, embedded)
}

/** Whether the first sequence is what is left of the second when some of its elements are taken out. */
export const isWithin = (part: ReadonlyArray<string>, whole: ReadonlyArray<string>): boolean => {
  let from = 0
  for (const item of part) {
    const found = whole.indexOf(item, from)
    if (found < 0) return false
    from = found + 1
  }
  return true
}

/** Events of different objects have no order among them: they come from different transactions of the store. */
const eventsByObject = (events: ReadonlyArray<string>): ReadonlyMap<string, ReadonlyArray<string>> =>
  Map.groupBy(events, (event) => event.split(" ").slice(0, 2).join(" "))

/** One line: which step, what, and both values cut to what a terminal shows. */
export const render = ({ scenario, step, what, recorded, embedded }: Difference): string => {
  const cut = (text: string) => (text.length > 300 ? `${text.slice(0, 297)}...` : text)
  return `${scenario} step ${step}: ${what}\n    recorded ${cut(recorded)}\n    embedded ${cut(embedded)}`
}
