/** Turns the embedded Swarm's trace of commits into samples, one for each commit after which other tasks serve. Pure. */
import * as Schema from "effect/Schema"
import type { Sample, ServingTask } from "../TaskHistory.ts"

const Commit = Schema.parseJson(
  Schema.Struct({
    index: Schema.Number,
    at: Schema.String,
    changes: Schema.Array(
      Schema.Struct({
        kind: Schema.String,
        action: Schema.String,
        id: Schema.String,
        name: Schema.optional(Schema.String),
        service: Schema.optional(Schema.String),
        node: Schema.optional(Schema.NullOr(Schema.String)),
        desired: Schema.optional(Schema.String),
        state: Schema.optional(Schema.String)
      })
    )
  })
)
const decode = Schema.decodeUnknownSync(Commit)

/** What the trace has told so far. */
export interface Traced {
  readonly index: number
  readonly serving: ReadonlyMap<string, ServingTask>
  /** Names by id. */
  readonly services: ReadonlyMap<string, string>
}

export const nothing: Traced = { index: 0, serving: new Map(), services: new Map() }

/** The samples of these lines, and what is known after them. */
export const follow = (
  before: Traced,
  lines: ReadonlyArray<string>,
  hostnames: ReadonlyMap<string, string>
): { readonly traced: Traced; readonly samples: ReadonlyArray<Sample> } => {
  const samples: Array<Sample> = []
  const services = new Map(before.services)
  let { index, serving } = before
  for (const line of lines) {
    const commit = decode(line)
    const after = new Map(serving)
    for (const change of commit.changes) {
      if (change.kind === "service" && change.name !== undefined) services.set(change.id, change.name)
      if (change.kind !== "task") continue
      const isServing = change.action !== "remove" && change.desired === "running" && change.state === "running"
      if (!isServing) after.delete(change.id)
      else if (!after.has(change.id))
        after.set(change.id, {
          service: services.get(change.service ?? "") ?? "",
          node: hostnames.get(change.node ?? "") ?? ""
        })
    }
    index = commit.index
    if (after.size === serving.size && after.keys().every((id) => serving.has(id))) continue
    serving = after
    samples.push({ atMillis: Date.parse(commit.at), serving })
  }
  return { traced: { index, serving, services }, samples }
}
