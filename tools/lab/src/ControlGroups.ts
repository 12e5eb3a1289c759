/**
 * The control groups containers of the lab ran in. Engines remove the group of a container they stop; a node that was
 * killed as a whole leaves its groups behind, empty. They are removed here, deepest first, in every mounted hierarchy.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { LabSite } from "./LabSite.ts"
import { cgroupParent } from "./LabSpec.ts"
import { existsSync, readFileSync, readdirSync, rmdirSync } from "node:fs"

/** Mount points of control group hierarchies in the text of `/proc/mounts`. */
export const hierarchies = (mounts: string): ReadonlyArray<string> =>
  mounts
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([, mountPoint, type]) =>
      mountPoint !== undefined && (type === "cgroup" || type === "cgroup2") ? [mountPoint] : []
    )

const groups = (below: string): ReadonlyArray<string> =>
  [...new Set(hierarchies(readFileSync("/proc/mounts", "utf8")))]
    .map((mountPoint) => `${mountPoint}/${below}`)
    .filter((group) => existsSync(group))

const removeTree = (group: string): void => {
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(`${group}/${entry.name}`)
  }
  rmdirSync(group)
}

const parent = Effect.map(LabSite, ({ stateDir }) => cgroupParent(stateDir))

/** Control groups of the lab that exist. */
export const remains = Effect.map(parent, (name): ReadonlyArray<string> =>
  groups(name).map((group) => `control group ${group}`)
)

/**
 * Removes the groups of one node, or of the whole lab. A group is busy until the kernel has reaped the last process in
 * it, so removal is tried for five seconds; what is left then is seen by {@link remains}.
 */
export const remove = (node?: string): Effect.Effect<void, never, LabSite> =>
  Effect.flatMap(parent, (name) =>
    Effect.try(() => groups(node === undefined ? name : `${name}/${node}`).forEach(removeTree)).pipe(
      Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 100 }),
      Effect.ignore
    )
  )
