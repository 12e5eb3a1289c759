/** Waiting for single tasks and nodes to change, for those who follow one task of many. */
import type { Scope } from "./Machine.ts"
import type { NodeRecord, TaskRecord } from "./Records.ts"
import type { Store } from "./Store.ts"

/** Null when the object was removed. Called right after the commit: it may not write. */
type Listener<A> = (after: A | null) => void

export class TaskWatch {
  readonly #tasks = new Map<string, Set<Listener<TaskRecord>>>()
  readonly #nodes = new Map<string, Set<Listener<NodeRecord>>>()

  constructor(store: Store, scope: Scope) {
    scope.watch(store, (changes) => {
      for (const { after, before } of changes) {
        const record = after ?? before
        if (record?.kind === "task") notify(this.#tasks, record.id, after as TaskRecord | null)
        if (record?.kind === "node") notify(this.#nodes, record.id, after as NodeRecord | null)
      }
    })
  }

  task(id: string, listener: Listener<TaskRecord>): () => void {
    return add(this.#tasks, id, listener)
  }

  node(id: string, listener: Listener<NodeRecord>): () => void {
    return add(this.#nodes, id, listener)
  }
}

const notify = <A>(listeners: Map<string, Set<Listener<A>>>, id: string, after: A | null): void => {
  for (const listener of [...(listeners.get(id) ?? [])]) listener(after)
}

const add = <A>(listeners: Map<string, Set<Listener<A>>>, id: string, listener: Listener<A>): (() => void) => {
  const found = listeners.get(id)
  if (found === undefined) listeners.set(id, new Set([listener]))
  else found.add(listener)
  return () => {
    const rest = listeners.get(id)
    rest?.delete(listener)
    if (rest?.size === 0) listeners.delete(id)
  }
}
