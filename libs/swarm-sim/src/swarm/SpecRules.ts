/**
 * What SwarmKit refuses in a service spec by itself (swarmkit `manager/controlapi/service.go:validateServiceSpec`), with its texts.
 * Whether it fits what else the Swarm holds (names, ports, secrets, networks) is `ServiceCommands`' matter.
 */
import * as Constraint from "@evenkeel/domain/rules/Constraint"
import { at, listAt, numberAt, textAt } from "./Json.ts"
import { firstFailure, invalidArgument, plain, unknown } from "./Outcomes.ts"
import type { EngineJson, Outcome } from "./SwarmPort.ts"

type Check = Outcome<null> | null

const dnsName = /^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$/

const checkName = (name: string): Check => {
  if (name === "") return invalidArgument("meta: name must be provided")
  if (!dnsName.test(name)) return invalidArgument("name must be valid as a DNS name component")
  return name.length > 63 ? invalidArgument("name must be 63 characters or fewer") : null
}

export const checkServiceSpec = (spec: EngineJson): Check =>
  firstFailure(
    () => checkName(textAt(spec, "Name")),
    () => checkResources(at(spec, "TaskTemplate", "Resources", "Limits")),
    () => checkResources(at(spec, "TaskTemplate", "Resources", "Reservations")),
    () => checkRestartPolicy(at(spec, "TaskTemplate", "RestartPolicy")),
    () => checkConstraints(listAt(spec, "TaskTemplate", "Placement", "Constraints")),
    () => checkReferences("secret", listAt(spec, "TaskTemplate", "ContainerSpec", "Secrets")),
    () => checkReferences("config", listAt(spec, "TaskTemplate", "ContainerSpec", "Configs")),
    () => checkContainer(at(spec, "TaskTemplate", "ContainerSpec")),
    () => checkMode(at(spec, "Mode")),
    () => checkCount(at(spec, "Mode")),
    () => checkUpdate(spec),
    () => checkPorts(at(spec, "EndpointSpec"))
  )

const leastNanoCpus = 1e6
const leastMemoryBytes = 4 * 1024 * 1024

/** As Go's `%g` writes it: an exponent has two digits at least. */
const goNumber = (value: number): string => String(value).replace(/e([+-])(\d)$/, "e$10$2")

const checkResources = (resources: unknown): Check => {
  const nanoCpus = numberAt(resources, "NanoCPUs") ?? 0
  const memoryBytes = numberAt(resources, "MemoryBytes") ?? 0
  if (nanoCpus !== 0 && nanoCpus < leastNanoCpus)
    return invalidArgument(`invalid cpu value ${goNumber(nanoCpus / 1e9)}: Must be at least ${leastNanoCpus / 1e9}`)
  if (memoryBytes !== 0 && memoryBytes < leastMemoryBytes)
    return invalidArgument(`invalid memory value ${memoryBytes}: Must be at least 4MiB`)
  return null
}

const isNegative = (json: unknown, name: string): boolean => (numberAt(json, name) ?? 0) < 0

const checkRestartPolicy = (policy: unknown): Check => {
  if (isNegative(policy, "Delay")) return invalidArgument("TaskSpec: restart-delay cannot be negative")
  return isNegative(policy, "Window") ? invalidArgument("TaskSpec: restart-window cannot be negative") : null
}

/** SwarmKit returns these bare, so that gRPC calls them unknown. */
const checkConstraints = (constraints: ReadonlyArray<unknown>): Check => {
  for (const text of constraints) {
    if (typeof text !== "string" || Constraint.parse(text) !== null) continue
    const operator = text.includes("==") ? "==" : text.includes("!=") ? "!=" : null
    if (operator === null) return unknown("constraint expected one operator from ==, !=")
    const place = text.indexOf(operator)
    const [key, value] = [text.slice(0, place).trim(), text.slice(place + 2).trim()]
    if (key === "" || value === "") return unknown(`invalid expr: ${text}`)
    return Constraint.parse(`${key}==x`) === null
      ? unknown(`key '${key}' is invalid`)
      : unknown(`value '${value}' is invalid`)
  }
  return null
}

const checkReferences = (kind: "secret" | "config", references: ReadonlyArray<unknown>): Check => {
  const [id, name] = kind === "secret" ? ["SecretID", "SecretName"] : ["ConfigID", "ConfigName"]
  const targets = new Map<string, string>()
  for (const reference of references) {
    const own = textAt(reference, name)
    if (textAt(reference, id) === "" || own === "") return invalidArgument(`malformed ${kind} reference`)
    const hasTarget = at(reference, "File") !== undefined || at(reference, "Runtime") !== undefined
    if (!hasTarget) return invalidArgument(`malformed ${kind} reference, no target provided`)
    if (at(reference, "File") === undefined) continue
    const file = textAt(reference, "File", "Name")
    if (file === "") return invalidArgument(`malformed file ${kind} reference, invalid target file name provided`)
    const other = targets.get(file)
    if (other !== undefined)
      return invalidArgument(`${kind} references '${other}' and '${own}' have a conflicting target: '${file}'`)
    targets.set(file, own)
  }
  return null
}

/** `registry:5000/path/name:tag@sha256:…`, roughly as the reference library parses it. */
const imageReference =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?$/

const checkContainer = (container: unknown): Check => {
  const image = textAt(container, "Image")
  if (image === "") return invalidArgument("ContainerSpec: image reference must be provided")
  if (!imageReference.test(image)) return invalidArgument(`ContainerSpec: "${image}" is not a valid repository/tag`)
  const targets = new Set<string>()
  for (const mount of listAt(container, "Mounts")) {
    const target = textAt(mount, "Target")
    if (targets.has(target)) return invalidArgument(`ContainerSpec: duplicate mount point: ${target}`)
    targets.add(target)
  }
  const check = at(container, "Healthcheck")
  for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"]) {
    const nanos = numberAt(check, field) ?? 0
    if (nanos !== 0 && nanos < 1e6)
      return invalidArgument(`ContainerSpec: ${field} in HealthConfig cannot be less than 1ms`)
  }
  return isNegative(check, "Retries")
    ? invalidArgument("ContainerSpec: Retries in HealthConfig cannot be negative")
    : null
}

/**
 * Tasks of one service, at one time. The engine has no such limit: it would accept the service and be busy for days. Here that
 * would be this process.
 */
export const mostTasks = 200_000

const checkCount = (mode: unknown): Check => {
  const count = numberAt(mode, "Replicated", "Replicas") ?? numberAt(mode, "ReplicatedJob", "MaxConcurrent")
  return count !== null && count > mostTasks
    ? plain(
        "InvalidArgument",
        `the embedded Swarm runs at most ${mostTasks} tasks of a service, not ${count}; an engine has no such limit`
      )
    : null
}

const checkMode = (mode: unknown): Check => {
  const least = (value: number | null) => value !== null && value < 0
  if (least(numberAt(mode, "Replicated", "Replicas"))) return invalidArgument("Number of replicas must be non-negative")
  if (least(numberAt(mode, "ReplicatedJob", "MaxConcurrent")))
    return invalidArgument("Maximum concurrent jobs must not be negative")
  return least(numberAt(mode, "ReplicatedJob", "TotalCompletions"))
    ? invalidArgument("Total completed jobs must not be negative")
    : null
}

const checkUpdate = (spec: EngineJson): Check => {
  const config = at(spec, "UpdateConfig")
  if (config === undefined) return null
  const isJob = at(spec, "Mode", "ReplicatedJob") !== undefined || at(spec, "Mode", "GlobalJob") !== undefined
  if (isJob) return invalidArgument("Jobs may not have an update config")
  if (isNegative(config, "Delay")) return invalidArgument("TaskSpec: update-delay cannot be negative")
  if (isNegative(config, "Monitor")) return invalidArgument("TaskSpec: update-monitor cannot be negative")
  const ratio = numberAt(config, "MaxFailureRatio") ?? 0
  return ratio < 0 || ratio > 1
    ? invalidArgument("TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1")
    : null
}

const checkPorts = (endpoint: unknown): Check => {
  const taken = new Set<string>()
  for (const port of listAt(endpoint, "Ports")) {
    if (textAt(endpoint, "Mode") === "dnsrr" && textAt(port, "PublishMode") === "ingress")
      return invalidArgument("EndpointSpec: port published with ingress mode can't be used with dnsrr mode")
    const published = numberAt(port, "PublishedPort") ?? 0
    if (published === 0) continue
    const key = `${textAt(port, "Protocol")}/${published}`
    if (taken.has(key)) return invalidArgument("EndpointSpec: duplicate published ports provided")
    taken.add(key)
  }
  return null
}
