/**
 * The engine's swarm-scope events, from changes of the store (moby `daemon/events.go`): nodes, services, networks, secrets and
 * configs, never tasks. The last 256 are kept.
 */
import { isDeepStrictEqual } from "node:util"
import { numberAt, textAt } from "./Json.ts"
import type { NodeRecord, ServiceRecord, StoredRecord } from "./Records.ts"
import type { Change, Store } from "./Store.ts"
import type { SwarmEvent } from "./SwarmPort.ts"

const ringSize = 256

export class Events {
  readonly #ring: Array<SwarmEvent> = []
  readonly #listeners = new Set<(event: SwarmEvent) => void>()
  #lastNanos = 0n

  constructor(store: Store, nowMillis: () => number) {
    store.watch((changes) => {
      for (const change of changes) this.#observe(change, nowMillis())
    })
  }

  get recent(): ReadonlyArray<SwarmEvent> {
    return [...this.#ring]
  }

  subscribe(listener: (event: SwarmEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A new leader writes the networks, those too that every engine has by itself and that are no objects here. */
  leaderChanged(nowMillis: number): void {
    for (const name of ["bridge", "host"]) this.#tell("network", "update", `predefined-${name}`, { name }, nowMillis)
  }

  #observe({ after, before }: Change, nowMillis: number): void {
    const record = after ?? before
    if (record === null || record.kind === "task" || record.kind === "cluster") return
    const action = before === null ? "create" : after === null ? "remove" : "update"
    this.#tell(record.kind, action, record.id, { name: nameOf(record), ...differences(before, after) }, nowMillis)
  }

  #tell(
    kind: SwarmEvent["kind"],
    action: SwarmEvent["action"],
    id: string,
    attributes: SwarmEvent["attributes"],
    nowMillis: number
  ): void {
    const nanos = BigInt(Math.round(nowMillis * 1e3)) * 1000n
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n
    const event: SwarmEvent = { kind, action, id, attributes, timeNanos: this.#lastNanos }
    this.#ring.push(event)
    if (this.#ring.length > ringSize) this.#ring.shift()
    for (const listener of [...this.#listeners]) listener(event)
  }
}

const nameOf = (record: StoredRecord): string => {
  if (record.kind === "task") return record.id
  if (record.kind === "node") return textAt(record.description, "Hostname")
  return record.kind === "network" ? record.name : textAt(record.spec, "Name")
}

const differences = (before: StoredRecord | null, after: StoredRecord | null): Readonly<Record<string, string>> => {
  if (before?.kind === "node" && after?.kind === "node") return nodeDifferences(before, after)
  if (before?.kind === "service" && after?.kind === "service") return serviceDifferences(before, after)
  return {}
}

const pair = (name: string, before: string, after: string): Readonly<Record<string, string>> =>
  before === after ? {} : { [`${name}.old`]: before, [`${name}.new`]: after }

const nodeDifferences = (before: NodeRecord, after: NodeRecord): Readonly<Record<string, string>> => ({
  ...pair("availability", textAt(before.spec, "Availability"), textAt(after.spec, "Availability")),
  ...pair("role", before.role, after.role),
  ...pair("state", before.state, after.state)
})

const serviceDifferences = (before: ServiceRecord, after: ServiceRecord): Readonly<Record<string, string>> => {
  const image = (service: ServiceRecord) => textAt(service.spec, "TaskTemplate", "ContainerSpec", "Image")
  const replicas = (service: ServiceRecord) => String(numberAt(service.spec, "Mode", "Replicated", "Replicas") ?? "")
  const [old, current] = [before.updateStatus, after.updateStatus]
  const state =
    isDeepStrictEqual(old, current) || current === null
      ? {}
      : old === null
        ? { "updatestate.new": current.state }
        : pair("updatestate", old.state, current.state)
  return {
    ...pair("image", image(before), image(after)),
    ...pair("replicas", replicas(before), replicas(after)),
    ...state
  }
}
