/** How each cycle loses its node, and how the node comes back. */
import * as Effect from "effect/Effect"
import { Lab } from "../Lab.ts"
import type { CycleName } from "./Cycle.ts"

/** A crash is a power cut: no connection is closed, nothing is said. */
export const lose = Effect.fn("Faults.lose")(function* (cycle: CycleName, node: string) {
  const lab = yield* Lab
  yield* cycle === "follower-crash" ? lab.crash(node, { powerCut: true }) : lab.blackHole(node)
})

/** Plugs the cable in, or boots the machine. */
export const bringBack = Effect.fn("Faults.bringBack")(function* (node: string) {
  const lab = yield* Lab
  yield* lab.restore(node)
})
