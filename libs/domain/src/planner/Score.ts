/**
 * How uneven a placement is, as numbers for each level: what `Plan.Unevenness` shows. Smaller is better, and the first level
 * that differs decides. Differences below `epsilon` are rounding.
 */
import type { Unevenness } from "../Plan.ts"

/** Preferences, services, groups, reservations, tasks. */
export type Score = readonly [number, number, number, number, number]

export const zero: Score = [0, 0, 0, 0, 0]

const epsilon = 1e-9

/** Negative when `a` is better, 0 when they are as good as each other. */
export const compare = (a: Score, b: Score): number =>
  beyondRounding(a[0] - b[0]) ||
  beyondRounding(a[1] - b[1]) ||
  beyondRounding(a[2] - b[2]) ||
  beyondRounding(a[3] - b[3]) ||
  beyondRounding(a[4] - b[4])

const beyondRounding = (difference: number): number => (difference > epsilon || difference < -epsilon ? difference : 0)

export const plus = (a: Score, b: Score): Score => [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]]

/** Whether a difference of scores makes the service's own spread (preferences, then nodes) less even. */
export const worsensOwn = (delta: Score): boolean => delta[0] > 0 || (delta[0] === 0 && delta[1] > 0)

export const toUnevenness = ([preferences, services, groups, reservations, tasks]: Score): Unevenness => {
  return { preferences, services, groups, reservations: Math.round(reservations * 1e9) / 1e9, tasks }
}
