/** Ended moves as a value and as a table. */
import { formatMillis } from "@evenkeel/domain/Durations"
import type { PastMove } from "@evenkeel/executor/brakes/MoveHistory"
import type { View } from "../Result.ts"
import * as Table from "../Table.ts"

export const of = (moves: ReadonlyArray<PastMove>) => ({
  items: moves.map(({ endedAtMillis, startedAtMillis, ...move }) => ({
    ...move,
    startedAt: new Date(startedAtMillis).toISOString(),
    endedAt: new Date(endedAtMillis).toISOString(),
    tookMillis: endedAtMillis - startedAtMillis
  }))
})

export const render = ({ items }: ReturnType<typeof of>, { paint }: View): string =>
  items.length === 0
    ? "No moves yet.\n"
    : Table.render(
        [
          { title: "ENDED" },
          { title: "SERVICE" },
          { title: "BY" },
          { title: "FROM" },
          { title: "TO" },
          { title: "TOOK", align: "right" },
          { title: "RESULT" }
        ],
        items.map(({ because, endedAt, fromName, outcome, serviceName, strategy, toName, tookMillis }) => [
          endedAt,
          serviceName,
          strategy,
          fromName,
          toName,
          formatMillis(tookMillis),
          outcome === "completed" ? outcome : paint.yellow(`${outcome}: ${because}`)
        ]),
        paint
      )
