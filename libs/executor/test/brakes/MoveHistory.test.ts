import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { layerTest } from "@evenkeel/swarm-client/SwarmClientTest"
import * as MoveHistory from "../../src/brakes/MoveHistory.ts"
import * as PolicyStore from "../../src/brakes/PolicyStore.ts"
import { now, pastMove } from "./Situation.ts"

const operations = ({ moves }: MoveHistory.MoveHistory) => moves.map(({ operation }) => operation)

describe("the history", () => {
  it("is newest first, whatever the order in which moves are told of, and has each once", () => {
    const [old, middle, young] = [3, 2, 1].map((age) => pastMove(now - age))
    if (old === undefined || middle === undefined || young === undefined) throw new Error("three were made")
    const history = MoveHistory.withMoves(MoveHistory.withMoves(MoveHistory.none, [young, old]), [middle, young])
    expect(operations(history)).toEqual([young, middle, old].map(({ operation }) => operation))
    expect(MoveHistory.withMoves(history, [old])).toBe(history)
  })

  it("forgets the oldest beyond the number that is kept", () => {
    const many = Array.from({ length: MoveHistory.movesKept + 20 }, (_, age) => pastMove(now - age))
    const history = MoveHistory.withMoves(MoveHistory.none, many)
    expect(operations(history)).toEqual(operations({ moves: many.slice(0, MoveHistory.movesKept) }))
    expect(operations(MoveHistory.withMoves(history, [pastMove(now + 1)]))).toHaveLength(MoveHistory.movesKept)
  })

  it.effect("fits into a config however long names and reasons are", () =>
    Effect.provide(
      Effect.gen(function* () {
        const long = {
          serviceName: "s".repeat(63),
          fromName: "f".repeat(253),
          toName: "t".repeat(253),
          because: "…".repeat(20_000)
        }
        const many = Array.from({ length: MoveHistory.movesKept }, (_, age) => pastMove(now - age, long))
        yield* PolicyStore.history.change((history) => MoveHistory.withMoves(history, many))
        const { value } = yield* PolicyStore.history.read()
        expect(value.moves).toHaveLength(MoveHistory.movesKept)
        expect(value.moves[0]?.because).toBe(`${"…".repeat(300)}…`)
      }),
      layerTest({})
    )
  )
})
