/** Plans in files: written by `plan --out`, read by `apply`. */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Plan } from "@evenkeel/domain/Plan"
import { FileAccess } from "./FileAccess.ts"
import { document } from "./Result.ts"
import { fields, PlanDocument } from "./views/PlanView.ts"

/** Represents a file that cannot be read or written, or that holds no plan. */
export class PlanFileUnusable extends Schema.TaggedError<PlanFileUnusable>()("PlanFileUnusable", {
  path: Schema.String,
  doing: Schema.Literal("read", "written"),
  because: Schema.String
}) {
  override get message(): string {
    const cure =
      this.doing === "read" ? `write one: evenkeel plan --out ${this.path}` : "name a place that can be written"
    return `plan file ${this.path} cannot be ${this.doing}: ${this.because}; ${cure}`
  }
}

export interface StoredPlan {
  readonly plan: Plan
  /** The cool-down that it was made with. */
  readonly coolDownMillis: number
}

const decode = Schema.decodeUnknown(Schema.parseJson(PlanDocument))

export const read = Effect.fn("PlanFile.read")(function* (path: string) {
  const files = yield* FileAccess
  const unusable = (because: string) => new PlanFileUnusable({ path, doing: "read", because })
  const text = yield* Effect.mapError(files.read(path), ({ reason }) => unusable(reason))
  const {
    apiVersion: _version,
    coolDownMillis,
    kind: _kind,
    ...plan
  } = yield* Effect.mapError(decode(text), (error) => {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `
    return unusable(`it holds no plan of this version (${where}${issue?.message ?? "malformed"})`)
  })
  const stored: StoredPlan = { plan: new Plan(plan), coolDownMillis }
  return stored
})

/** Writes the same document that `plan --format json` prints; an existing file is replaced. */
export const write = Effect.fn("PlanFile.write")(function* (path: string, stored: StoredPlan) {
  const files = yield* FileAccess
  yield* Effect.mapError(
    files.write(path, document("Plan", fields(stored))),
    ({ reason }) => new PlanFileUnusable({ path, doing: "written", because: reason })
  )
})
