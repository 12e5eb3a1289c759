/**
 * What the managers committed, as lines of JSON: for reading along, and for comparing two runs. Remembers the last commits only;
 * decides which fields of an object tell what happened to it.
 */
import { textAt } from "../swarm/Json.ts"
import type { StoredRecord } from "../swarm/Records.ts"
import type { Change, Store } from "../swarm/Store.ts"

/** Changes that are remembered; the oldest commits go first. */
const remembered = 20_000

interface Commit {
  readonly index: number
  readonly millis: number
  readonly changes: ReadonlyArray<Change>
}

export class CommitTrace {
  readonly #unwatch: () => void
  #commits: Array<Commit> = []
  #count = 0

  constructor(store: Store, nowMillis: () => number) {
    this.#unwatch = store.watch((changes) => {
      this.#commits.push({ index: store.version, millis: nowMillis(), changes })
      this.#count += changes.length
      if (this.#count > remembered * 2) this.#forget()
    })
  }

  /** The commits after this index, oldest first. */
  *since(index: bigint): Generator<string> {
    for (const commit of this.#commits) if (BigInt(commit.index) > index) yield lineOf(commit)
  }

  close(): void {
    this.#unwatch()
    this.#commits = []
  }

  #forget(): void {
    let from = 0
    while (this.#count > remembered && from < this.#commits.length - 1)
      this.#count -= this.#commits[from++]?.changes.length ?? 0
    this.#commits = this.#commits.slice(from)
  }
}

const lineOf = ({ changes, index, millis }: Commit): string =>
  `${JSON.stringify({ index, at: new Date(millis).toISOString(), changes: changes.flatMap(changeOf) })}\n`

const changeOf = ({ after, before }: Change): ReadonlyArray<object> => {
  const record = after ?? before
  if (record === null) return []
  const action = before === null ? "create" : after === null ? "remove" : "update"
  return [{ kind: record.kind, action, id: record.id, ...detailOf(record) }]
}

const detailOf = (record: StoredRecord): object => {
  switch (record.kind) {
    case "task": {
      const { desired, error, nodeId, serviceId, slot, state } = record
      return { service: serviceId, slot, node: nodeId, desired, state, ...(error === "" ? {} : { error }) }
    }
    case "service":
      return { name: textAt(record.spec, "Name"), update: record.updateStatus?.state ?? null }
    case "node":
      return {
        hostname: textAt(record.description, "Hostname"),
        state: record.state,
        role: textAt(record.spec, "Role"),
        availability: textAt(record.spec, "Availability")
      }
    case "network":
      return { name: record.name }
    default:
      return { name: textAt(record.spec, "Name") }
  }
}
