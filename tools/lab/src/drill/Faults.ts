/** How each cycle loses its node, and how the node comes back. */
import * as Effect from "effect/Effect"
import { Lab } from "../Lab.ts"
import type { CycleName } from "./Cycle.ts"

/**
 * A crash is a power cut: no connection is closed, nothing is said. A follower that was cut off has raised its raft term and
 * forces an election when it returns; one that crashed has not, which keeps the cycle of the killed rebalancer free of a
 * second fault.
 */
export const lose = Effect.fn("Faults.lose")(function* (cycle: CycleName, node: string) {
  const lab = yield* Lab
  yield* isCrash(cycle) ? lab.crash(node, { powerCut: true }) : lab.blackHole(node)
})

/** Whether the node loses its power rather than its cable. */
export const isCrash = (cycle: CycleName): boolean => cycle === "follower-crash" || cycle === "rebalancer-kill"

/** Plugs the cable in, or boots the machine. */
export const bringBack = Effect.fn("Faults.bringBack")(function* (node: string) {
  const lab = yield* Lab
  yield* lab.restore(node)
})
