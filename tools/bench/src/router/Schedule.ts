/**
 * How often and how long each proxy is measured: what a gate is judged by in seven rounds, everything else in three shorter
 * ones, so that the whole takes minutes. Pure.
 */
import type { CaseName, ExtraName, PeerName } from "./Flags.ts"
import { isJudged } from "./Gates.ts"

export interface Effort {
  readonly quick: boolean
  /** Of every measurement, as the command line says; null: as is usual. */
  readonly rounds: number | null
  readonly seconds: number | null
}

export const roundsOf = ({ quick, rounds }: Effort, what: CaseName | ExtraName, peer: PeerName): number => {
  if (rounds !== null) return rounds
  if (isJudged(what, peer)) return quick ? 3 : 7
  return quick ? 1 : 3
}

/** Length of one round. */
export const secondsOf = ({ quick, seconds }: Effort, what: CaseName | ExtraName, peer: PeerName): number =>
  seconds ?? (isJudged(what, peer) && !quick ? 2 : 1)

export interface WarmUp {
  readonly seconds: number
  /** So many requests are enough: code is then compiled as it will be run. */
  readonly requests: number
  readonly times: number
}

/** Before the first round of a case. Busy machines need longer, hence by requests. */
export const warmUpOf = ({ quick }: Pick<Effort, "quick">, name: CaseName): WarmUp => {
  const requests = name === "get-1m" ? 1_000 : name === "get-100" || name === "get-10k" ? 30_000 : 5_000
  return quick
    ? { seconds: 1, requests: requests / 2, times: name === "get-100" ? 2 : 1 }
    : { seconds: 2, requests, times: 3 }
}

/** Whether a measurement of memory is made of this proxy too: quickly, of the router alone. */
export const takesPart = ({ quick }: Pick<Effort, "quick">, what: ExtraName, peer: PeerName): boolean =>
  peer !== "router-log" && (!quick || isJudged(what, peer))
