/** The calls on the engine are those that `docs/subsystems/rebalancer.md` lists for a socket proxy: no more, no fewer. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Loop from "../src/Loop.ts"
import { begin, isClean, provided, steps, until } from "./Running.ts"
import * as World from "./World.ts"

const page = readFileSync(join(import.meta.dirname, "../../../docs/subsystems/rebalancer.md"), "utf8")

/** Rows such as `| GET | /services/{id} | … |`. */
const documented = [...page.matchAll(/^\| (GET|POST|DELETE) +\| `(\/[^`]*)` +\|/gm)].map(
  ([, method, path]) => `${method} ${path}`
)

const withoutIds = (path: string): string =>
  path.replace(/^\/v[\d.]+/, "").replace(/^\/(services|configs|nodes|tasks|networks)\/(?!create$)[^/]+/, "/$1/{id}")

describe("calls on the engine", () => {
  it.scoped("of a whole move, with its history, a policy and a rollback target", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const control = yield* SwarmClientTestControl
        yield* PolicyStore.policy.change((policy) => Policy.withSettings(policy, { movesPerHour: 9 }))
        yield* Effect.flatMap(SwarmClient, ({ info }) => info)
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* until(world, isClean(world, specs))
        yield* PolicyStore.policy.change((policy) => Policy.withSettings(policy, {}))
        yield* steps(world, 10)
        const made = (yield* control.requests).map(({ method, path }) => `${method} ${withoutIds(path)}`)
        expect([...new Set(made)].sort()).toEqual([...documented].sort())
      })
    )
  )
})
