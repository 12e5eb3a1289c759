/** The order of task states, for values that come as text from the Engine API. */
import { stateRank, stateRanks, type TaskState } from "@evenkeel/domain/Task"

export const ranks = stateRanks

export const rank = (state: string): number => stateRank(state as TaskState)

/** It holds what it reserved of its node: from its assignment to its end. */
export const isLive = (state: string): boolean => rank(state) >= ranks.assigned && rank(state) <= ranks.running

/** It is to run, or to run to its end. */
export const isWanted = (desired: string): boolean => rank(desired) <= ranks.complete
