/** A plan as a document and as text: the moves with their reasons, why the others stay, the balance before and after. */
import * as Schema from "effect/Schema"
import { type Kept, type KeptReasonTag, type Move, Plan } from "@evenkeel/domain/Plan"
import type { View } from "../Result.ts"
import * as Table from "../Table.ts"

/** A plan and what is needed to show it and to predict it again. */
export interface PlanView {
  readonly plan: Plan
  /** The cool-down that it was made with. */
  readonly coolDownMillis: number
  /** Node id → hostname. */
  readonly hostnames: ReadonlyMap<string, string>
  /** Whether every service that stays is named, or only those where that is of interest. */
  readonly explain: boolean
}

/** The fields of the document beside its version and kind. */
export const fields = ({ coolDownMillis, plan }: Pick<PlanView, "coolDownMillis" | "plan">) => ({
  coolDownMillis,
  ...Schema.encodeSync(Plan)(plan)
})

/** What a file written by `plan --out` holds. */
export const PlanDocument = Schema.Struct({
  apiVersion: Schema.Literal("evenkeel/v1"),
  kind: Schema.Literal("Plan"),
  coolDownMillis: Schema.NonNegativeInt,
  ...Plan.fields
})

/** Nothing to wonder about: these are only counted. */
const expected: ReadonlySet<KeptReasonTag> = new Set<KeptReasonTag>([
  "Balanced",
  "Global",
  "Job",
  "NoReplicas",
  "OptedOut"
])

/** `pin`, `surge` or `empty`, and whether it leaves a gap: what a plan and its progress call the way of a move. */
export const wayOf = ({ order, strategy }: Pick<Move, "order" | "strategy">): string =>
  order === "stop-first" ? `${strategy}, with a gap` : strategy

export const render = (view: PlanView, { paint }: View): string => {
  const { balanceAfter, balanceBefore, kept, moves } = view.plan
  const name = (id: string) => view.hostnames.get(id) ?? id
  const shown = view.explain ? kept : kept.filter(({ reason }) => !expected.has(reason._tag))
  const parts = [
    moves.length === 0
      ? `${paint.green("Nothing to move.")}\n`
      : Table.render(
          [{ title: "MOVE" }, { title: "BY" }, { title: "FROM" }, { title: "TO" }, { title: "WHY" }],
          moves.map((move) => [
            move.serviceName,
            wayOf(move),
            name(move.from),
            [move.to, ...move.alternatives].map(name).join(" or "),
            move.text
          ]),
          paint
        ),
    stays(shown, kept.length - shown.length, view)
  ]
  const balance = (label: string, { groupSkew, nodeSkew, serviceSkew, text }: typeof balanceBefore) => [
    label,
    String(serviceSkew),
    String(groupSkew),
    String(nodeSkew),
    text
  ]
  parts.push(
    Table.render(
      [
        { title: "SKEW" },
        { title: "SERVICES", align: "right" },
        { title: "GROUPS", align: "right" },
        { title: "NODES", align: "right" },
        { title: "TASKS" }
      ],
      [balance("now", balanceBefore), ...(moves.length === 0 ? [] : [balance("then", balanceAfter)])],
      paint
    )
  )
  if (moves.length > 0) parts.push(`${moves.length === 1 ? "1 move" : `${moves.length} moves`}, one at a time.\n`)
  return parts.filter((part) => part !== "").join("\n")
}

const stays = (shown: ReadonlyArray<Kept>, hidden: number, { explain, plan }: PlanView): string => {
  const lines = shown.map(({ serviceName, text }) => `${serviceName}: ${text}\n`)
  if (hidden === 0 || explain) return lines.join("")
  const other = lines.length === 0 && plan.moves.length === 0 ? "" : " other"
  const count = hidden === 1 ? `1${other} service stays` : `${hidden}${other} services stay`
  return `${lines.join("")}${count} where ${hidden === 1 ? "it is" : "they are"}; --explain says why.\n`
}
