/**
 * Names that stay the same from run to run for the ids that do not: in texts, specs and traces every id is replaced by what
 * it names. Learns ids as objects are seen; an id nobody has seen becomes `<id>`.
 */
import { at, type EngineObject, isObject, numberAt, textAt } from "./EngineValue.ts"

export interface Names {
  readonly learn: (kind: string, objects: ReadonlyArray<EngineObject>) => void
  /** Names new tasks; call it with services and nodes learnt. */
  readonly learnTasks: (tasks: ReadonlyArray<EngineObject>) => void
  readonly nameOf: (id: string) => string | undefined
  readonly idOf: (kind: string, name: string) => string | undefined
  /** Every id in the text replaced; digests and addresses cut. */
  readonly text: (text: string) => string
  /** The same for every text in a JSON value. */
  readonly value: (value: unknown) => unknown
}

/** Swarm's ids have 25 characters of base 36, those of local networks and containers 64 hexadecimal ones. */
const idPattern = /\b(?:[0-9a-f]{64}|[0-9a-z]{25})\b/g
const digestPattern = /@sha256:[0-9a-f]{64}/g
const addressPattern = /\b10\.\d+\.\d+\.\d+(?:\/\d+)?(?!:5000)\b/g

export const objectName = (object: EngineObject): string =>
  textAt(object, "Description", "Hostname") || textAt(object, "Spec", "Name") || textAt(object, "Name")

export const make = (): Names => {
  const names = new Map<string, string>()
  const ids = new Map<string, string>()
  const incarnations = new Map<string, number>()
  /** Ids of services whose tasks have nodes for slots. */
  const globals = new Set<string>()

  const remember = (kind: string, id: string, name: string) => {
    names.set(id, name)
    ids.set(`${kind} ${name}`, id)
  }

  const text = (from: string): string =>
    from
      .replace(digestPattern, "")
      .replace(idPattern, (id) => names.get(id) ?? "<id>")
      .replace(addressPattern, "<address>")

  const value = (from: unknown): unknown => {
    if (typeof from === "string") return text(from)
    if (Array.isArray(from)) return from.map(value)
    if (!isObject(from)) return from
    return Object.fromEntries(Object.entries(from).map(([key, each]) => [key, value(each)]))
  }

  return {
    text,
    value,
    nameOf: (id) => names.get(id),
    idOf: (kind, name) => ids.get(`${kind} ${name}`),
    learn: (kind, objects) => {
      for (const object of objects) {
        const id = textAt(object, "ID") || textAt(object, "Id")
        const name = objectName(object)
        if (id !== "" && name !== "") remember(kind, id, name)
        if (isObject(at(object, "Spec", "Mode", "Global")) || isObject(at(object, "Spec", "Mode", "GlobalJob")))
          globals.add(id)
      }
    },
    learnTasks: (tasks) => {
      const unnamed = tasks.filter((task) => !names.has(textAt(task, "ID"))).toSorted(byCreation)
      for (const task of unnamed) {
        const service = names.get(textAt(task, "ServiceID")) ?? "<service>"
        const isGlobal = globals.has(textAt(task, "ServiceID"))
        // Slot 0, the first of a job's, is left out by the engine.
        const slot = isGlobal ? (names.get(textAt(task, "NodeID")) ?? "?") : (numberAt(task, "Slot") ?? 0)
        const stem = `${service}.${slot}`
        const n = (incarnations.get(`${textAt(task, "ServiceID")} ${stem}`) ?? 0) + 1
        incarnations.set(`${textAt(task, "ServiceID")} ${stem}`, n)
        remember("task", textAt(task, "ID"), `${stem}#${n}`)
      }
    }
  }
}

/** By `CreatedAt` (nanoseconds, written with a varying number of digits), then by version. */
export const byCreation = (a: EngineObject, b: EngineObject): number => {
  const [timeA, timeB] = [sortableTime(textAt(a, "CreatedAt")), sortableTime(textAt(b, "CreatedAt"))]
  if (timeA !== timeB) return timeA < timeB ? -1 : 1
  return (numberAt(a, "Version", "Index") ?? 0) - (numberAt(b, "Version", "Index") ?? 0)
}

/** `…T10:00:00.5Z` as `…T10:00:00.500000000`: nine digits, so that texts sort as times. */
const sortableTime = (time: string): string => {
  const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".")
  return `${seconds}.${fraction.padEnd(9, "0")}`
}

/** Networks, sorted, that a task is attached to. */
export const networksOf = (task: EngineObject): ReadonlyArray<string> => {
  const attachments = at(task, "NetworksAttachments")
  return (Array.isArray(attachments) ? attachments : [])
    .map((attachment) => textAt(attachment, "Network", "Spec", "Name"))
    .toSorted()
}
