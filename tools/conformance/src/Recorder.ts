/**
 * Turns observations into a trace: follows every task, service and node from one to the next and writes down, step by step,
 * what changed. Keeps no time; a state that lies between two observations is not seen, and the comparison knows that.
 */
import { at, canonical, type EngineObject, isObject, mergePatch, numberAt, textAt } from "./EngineValue.ts"
import { byCreation, make as makeNames, type Names, networksOf } from "./Names.ts"
import type { Observation } from "./Target.ts"
import type { Answer, NodeTrace, ServiceTrace, StepTrace, TaskTrace } from "./Trace.ts"

/** A state that a task was in for so long cannot be missed by whoever looks ten times a second. */
export const lastingMillis = 2_000

interface TaskTrack {
  readonly name: string
  task: EngineObject
  states: Array<string>
  desired: Array<string>
  /** States it was in for {@link lastingMillis}. */
  lasting: Array<string>
  stateSince: number
  before: string
  created: number | undefined
  present: boolean
  wasRunning: boolean
}

interface ServiceTrack {
  service: EngineObject
  /** `Version.Index` when the step began; undefined for one that was not there. */
  version: number | undefined
  updates: Array<string>
  before: string
  templates: Array<string>
}

interface NodeTrack {
  node: EngineObject
  states: Array<string>
  before: string
}

export interface Recorder {
  readonly names: Names
  readonly observe: (seen: Observation) => void
  readonly beginStep: () => void
  readonly endStep: (
    step: string,
    answer: Answer | null,
    reached: boolean,
    events: ReadonlyArray<EngineObject>
  ) => StepTrace
}

const push = (list: Array<string>, value: string): boolean => {
  if (list.at(-1) === value) return false
  list.push(value)
  return true
}

export const make = (): Recorder => {
  const names = makeNames()
  const tasks = new Map<string, TaskTrack>()
  const services = new Map<string, ServiceTrack>()
  const nodes = new Map<string, NodeTrack>()
  let removed: Array<string> = []
  let leaders: Array<string> = []
  let createdInStep = 0

  const templateOf = (task: EngineObject): number =>
    (services.get(textAt(task, "ServiceID"))?.templates.indexOf(templateText(at(task, "Spec"))) ?? -1) + 1

  const shape = ({ task }: TaskTrack): string =>
    JSON.stringify([nodeName(names, task), textAt(task, "Status", "Message"), textAt(task, "Status", "Err")])

  const observeServices = (seen: Observation) => {
    const listed = new Set<string>()
    for (const service of seen.services) {
      const id = textAt(service, "ID")
      listed.add(id)
      let track = services.get(id)
      if (track === undefined)
        services.set(id, (track = { service, version: undefined, updates: [], before: "", templates: [] }))
      track.service = service
      push(track.updates, updateText(service))
      const template = templateText(at(service, "Spec", "TaskTemplate"))
      if (!track.templates.includes(template)) track.templates.push(template)
    }
    for (const [id, { service }] of services) {
      if (listed.has(id)) continue
      services.delete(id)
      removed.push(textAt(service, "Spec", "Name"))
    }
  }

  const observeTasks = (seen: Observation) => {
    const listed = new Set<string>()
    for (const task of seen.tasks.toSorted(byCreation)) {
      const id = textAt(task, "ID")
      listed.add(id)
      const state = textAt(task, "Status", "State")
      const desired = textAt(task, "DesiredState")
      const track = tasks.get(id)
      if (track === undefined) {
        tasks.set(id, {
          ...{ name: names.nameOf(id) ?? "<task>", task, states: [state], desired: [desired], lasting: [] },
          ...{ stateSince: seen.atMillis, before: "", created: ++createdInStep, present: true, wasRunning: false }
        })
        continue
      }
      track.task = task
      const was = track.states.at(-1) ?? ""
      if (push(track.states, state)) {
        if (seen.atMillis - track.stateSince >= lastingMillis) track.lasting.push(was)
        track.stateSince = seen.atMillis
      }
      push(track.desired, desired)
    }
    for (const [id, track] of tasks) if (!listed.has(id)) track.present = false
  }

  const observeNodes = (seen: Observation) => {
    for (const node of seen.nodes) {
      const id = textAt(node, "ID")
      let track = nodes.get(id)
      if (track === undefined) nodes.set(id, (track = { node, states: [], before: "" }))
      track.node = node
      push(track.states, textAt(node, "Status", "State"))
    }
  }

  const observe = (seen: Observation) => {
    // Nothing is listed then, which says nothing.
    if (seen.leader === null) return
    push(leaders, seen.leader)
    names.learn("node", seen.nodes)
    names.learn("service", seen.services)
    names.learnTasks(seen.tasks)
    observeServices(seen)
    observeTasks(seen)
    observeNodes(seen)
  }

  const beginStep = () => {
    removed = []
    leaders = leaders.slice(-1)
    createdInStep = 0
    for (const [id, track] of tasks) {
      if (!track.present) {
        tasks.delete(id)
        continue
      }
      track.states = track.states.slice(-1)
      track.desired = track.desired.slice(-1)
      track.lasting = []
      track.created = undefined
      track.before = shape(track)
      track.wasRunning = isServing(track)
    }
    for (const track of services.values()) {
      track.updates = track.updates.slice(-1)
      track.version = versionOf(track.service)
      track.before = serviceText(track.service)
    }
    for (const track of nodes.values()) {
      track.states = track.states.slice(-1)
      track.before = nodeText(track.node)
    }
  }

  const taskTrace = (track: TaskTrack): TaskTrace => {
    const exitCode = numberAt(track.task, "Status", "ContainerStatus", "ExitCode")
    return {
      name: track.name,
      node: nodeName(names, track.task),
      states: track.states,
      desired: track.desired,
      message: names.text(textAt(track.task, "Status", "Message")),
      error: names.text(textAt(track.task, "Status", "Err")),
      ...(exitCode === undefined ? {} : { exitCode }),
      template: templateOf(track.task),
      networks: networksOf(track.task),
      ...(track.present ? {} : { gone: true as const }),
      ...(track.created === undefined ? {} : { created: track.created }),
      lasting: track.lasting
    }
  }

  const hasElections = (): boolean =>
    [...nodes.values()].filter(({ node }) => at(node, "ManagerStatus") !== undefined).length > 1

  const changed = (track: TaskTrack): boolean =>
    track.created !== undefined ||
    !track.present ||
    track.states.length > 1 ||
    track.desired.length > 1 ||
    track.before !== shape(track)

  return {
    names,
    observe,
    beginStep,
    endStep: (step, answer, reached, events) => ({
      step,
      answer,
      reached,
      tasks: [...tasks.values()].filter(changed).map(taskTrace).toSorted(byName),
      survived: [...tasks.values()]
        .filter((track) => track.wasRunning && isServing(track))
        .map(({ name }) => name)
        .toSorted(),
      services: [...services.values()]
        .filter((track) => track.updates.length > 1 || track.before !== serviceText(track.service))
        .map((track) => serviceTrace(names, track))
        .toSorted(byName),
      removed: removed.toSorted(),
      written: [...services.values()]
        .filter((track) => track.version !== versionOf(track.service))
        .map(({ service }) => textAt(service, "Spec", "Name"))
        .toSorted(),
      nodes: [...nodes.values()]
        .filter((track) => track.states.length > 1 || track.before !== nodeText(track.node))
        .map((track) => nodeTrace(track, hasElections()))
        .toSorted(byName),
      events: events.map((event) => eventText(names, event)),
      ...(hasElections() ? { leaders } : {})
    })
  }
}

/** Services name their runtime, tasks do not. */
const templateText = (template: unknown): string => canonical(mergePatch(template, { Runtime: null }))

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

const nodeName = (names: Names, task: EngineObject): string => {
  const id = textAt(task, "NodeID")
  return id === "" ? "" : (names.nameOf(id) ?? "<node>")
}

const isServing = (track: TaskTrack): boolean =>
  track.present && track.states.at(-1) === "running" && track.desired.at(-1) === "running"

const updateText = (service: EngineObject): string => {
  const state = textAt(service, "UpdateStatus", "State")
  return state === "" ? "none" : `${state}: ${textAt(service, "UpdateStatus", "Message")}`
}

const serviceText = (service: EngineObject): string =>
  canonical([at(service, "Spec"), at(service, "PreviousSpec"), at(service, "Endpoint", "Spec")])

const serviceTrace = (names: Names, { service, updates }: ServiceTrack): ServiceTrace => {
  const previousSpec = at(service, "PreviousSpec")
  const endpointSpec = at(service, "Endpoint", "Spec")
  return {
    name: textAt(service, "Spec", "Name"),
    spec: names.value(at(service, "Spec")),
    ...(previousSpec === undefined || previousSpec === null ? {} : { previousSpec: names.value(previousSpec) }),
    ...(endpointSpec === undefined ? {} : { endpointSpec: names.value(endpointSpec) }),
    updates: updates.map(names.text)
  }
}

const versionOf = (service: EngineObject): number | undefined => numberAt(service, "Version", "Index")

const reachabilityOf = (node: EngineObject): string => textAt(node, "ManagerStatus", "Reachability")

const nodeText = (node: EngineObject): string =>
  canonical([at(node, "Spec"), textAt(node, "Status", "Message"), reachabilityOf(node)])

const nodeTrace = ({ node, states }: NodeTrack, hasElections: boolean): NodeTrace => {
  const labels = at(node, "Spec", "Labels")
  const reachability = reachabilityOf(node)
  return {
    name: textAt(node, "Description", "Hostname"),
    role: textAt(node, "Spec", "Role"),
    availability: textAt(node, "Spec", "Availability"),
    labels: isObject(labels) ? labels : {},
    states,
    message: textAt(node, "Status", "Message"),
    ...(hasElections && reachability !== "" ? { reachability } : {})
  }
}

/** Attributes in the order of their names; the name itself comes first. */
const eventText = (names: Names, event: EngineObject): string => {
  const attributes = at(event, "Actor", "Attributes")
  const entries = Object.entries(isObject(attributes) ? attributes : {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const name = textAt(event, "Actor", "Attributes", "name") || names.text(textAt(event, "Actor", "ID"))
  const rest = entries.filter(([key]) => key !== "name").map(([key, value]) => `${key}=${names.text(String(value))}`)
  return [textAt(event, "Type"), name, textAt(event, "Action"), ...rest].join(" ")
}
