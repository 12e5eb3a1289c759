/**
 * Wrong rules, one at a time, must be noticed: each mutant replaces one rule of the domain or one part of the embedded Swarm and
 * is held against the recording of a scenario that is about it, in which the right one shows no difference. What is noticed must
 * be what that rule decides.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import type * as Constraint from "@evenkeel/domain/rules/Constraint"
import type * as Dirtiness from "@evenkeel/domain/rules/Dirtiness"
import type * as Filters from "@evenkeel/domain/rules/Filters"
import type * as NodeOrder from "@evenkeel/domain/rules/NodeOrder"
import type * as ScaleDown from "@evenkeel/domain/rules/ScaleDown"
import type * as Dispatcher from "@evenkeel/swarm-sim/swarm/Dispatcher"
import type * as Managers from "@evenkeel/swarm-sim/swarm/Managers"
import type * as NodeRoles from "@evenkeel/swarm-sim/swarm/NodeRoles"
import * as Effect from "effect/Effect"
import { afterEach, vi } from "vitest"

interface Mutant {
  readonly name: string
  readonly scenario: string
  readonly module: string
  /** One of the differences, as `step what: recorded / embedded`. */
  readonly shows: RegExp
  readonly wrong: (right: never) => object
}

const mutant = <M>(
  name: string,
  scenario: string,
  module: string,
  shows: RegExp,
  wrong: (right: M) => Partial<M>
): Mutant => ({
  ...{ name, scenario, shows },
  module: `@evenkeel/domain/rules/${module}`,
  wrong: (right) => wrong(right)
})

/** The filter lets every node pass. */
const without = (filter: Filters.FilterName, scenario: string, shows: RegExp): Mutant =>
  mutant<typeof Filters>(`no ${filter} filter`, scenario, "Filters", shows, ({ firstRefusal }) => ({
    firstRefusal: (service) => {
      const refusalOf = firstRefusal(service)
      return (load) => {
        const found = refusalOf(load)
        return found === filter ? null : found
      }
    }
  }))

/** A part of the embedded Swarm itself, where the rule is none of the domain. */
const part = <M>(
  name: string,
  scenario: string,
  module: string,
  shows: RegExp,
  wrong: (right: M) => Partial<M>
): Mutant => ({
  ...mutant(name, scenario, module, shows, wrong),
  module: `@evenkeel/swarm-sim/swarm/${module}`
})

const mutants: ReadonlyArray<Mutant> = [
  without("Ready", "pause", /^3 task \S+ node: .* \/ "n2"$/),
  without("Resource", "reservations", / error: .*insufficient resources.* \/ ""$/),
  without("Plugin", "plugin", / error: .*missing plugin.* \/ ""$/),
  without("Constraint", "constraint-unmet", / error: .*constraints not satisfied.* \/ ""$/),
  without("Platform", "platform", / error: .*unsupported platform.* \/ ""$/),
  without("HostPort", "host-ports", / error: .*host-mode port already in use.* \/ ""$/),
  without("MaxReplicas", "max-replicas", / error: .*max replicas per node limit.* \/ ""$/),
  mutant<typeof NodeOrder>("no order of nodes", "node-order", "NodeOrder", /^5 task web\S+ node:/, () => ({
    compareNodes: () => () => 0
  })),
  mutant<typeof NodeOrder>(
    "fullest node first",
    "node-order",
    "NodeOrder",
    /^3 task web\S+ node: "n3" \/ "n1"$/,
    ({ compareNodes }) => ({
      compareNodes: (service, failures) => (a, b) => compareNodes(service, failures)(b, a)
    })
  ),
  mutant<typeof NodeOrder>(
    "all tasks count like the service's own",
    "node-order",
    "NodeOrder",
    /^5 task web\S+ node:/,
    () => ({
      compareNodes: () => (a, b) => a.activeTasks - b.activeTasks
    })
  ),
  mutant<typeof NodeOrder>(
    "failures do not count",
    "shunned-node",
    "NodeOrder",
    /^2 task bad\S+ node: "n3" \/ "n2"$/,
    ({ compareNodes }) => ({
      compareNodes: (service) => compareNodes(service)
    })
  ),
  mutant<typeof ScaleDown>("the first copies go", "surge", "ScaleDown", /^5 survived:/, ({ rankSlots }) => ({
    rankSlots: (slots) => rankSlots(slots).toReversed()
  })),
  mutant<typeof ScaleDown>("the highest slots go", "surge", "ScaleDown", /^5 survived:/, ({ rankSlots }) => ({
    rankSlots: (slots) => rankSlots(slots).toSorted((a, b) => (a.tasks[0]?.slot ?? 0) - (b.tasks[0]?.slot ?? 0))
  })),
  mutant<typeof Dirtiness>(
    "nothing is ever dirty",
    "update-stop-first",
    "Dirtiness",
    /^2 survived: \[\] \/ \[".+\]$/,
    () => ({
      isTaskDirty: () => false
    })
  ),
  mutant<typeof Dirtiness>(
    "every new version is dirty",
    "update-labels-only",
    "Dirtiness",
    /^2 survived: \[".+\] \/ \[\]$/,
    () => ({
      isTaskDirty: ({ service, task }) => service.specVersion !== task.specVersion
    })
  ),
  mutant<typeof Dirtiness>(
    "a new placement is always dirty",
    "empty",
    "Dirtiness",
    /^2 survived: \[".+\] \/ \[\]$/,
    ({ isTaskDirty }) => ({
      isTaskDirty: (input) => isTaskDirty({ ...input, node: undefined })
    })
  ),
  mutant<typeof Constraint>(
    "labels are compared with their case",
    "constraint-enforced",
    "Constraint",
    /^6 task web\S+: .* \/ absent$/,
    ({ nodeMatches }) => ({
      nodeMatches: (constraints, node) =>
        nodeMatches(constraints, node) &&
        constraints.every(({ key, value }) => {
          const label = node.labels[key.replace("node.labels.", "")]
          return label === undefined || label === value
        })
    })
  ),
  mutant<typeof Constraint>(
    "every node satisfies every constraint",
    "constraint-enforced",
    "Constraint",
    /^5 survived: \[\] \/ \[".+\]$/,
    () => ({
      nodeMatches: () => true
    })
  ),
  part<typeof Dispatcher>(
    "a new leader knows all nodes",
    "leader-stands-down",
    "Dispatcher",
    /^4 events of node \S+: .*unknown.* \/ (?!.*unknown)/,
    (right) => ({
      Dispatcher: class extends right.Dispatcher {
        override start() {
          super.start(true)
        }
      }
    })
  ),
  part<typeof Managers>(
    "no manager comes back with a higher term",
    "leader-black-hole-in-an-update",
    "Managers",
    /^4 events of node \S+: .*unknown.* \/ (?!.*unknown)/,
    (right) => ({
      Managers: class extends right.Managers {
        override returned() {}
      }
    })
  ),
  part<typeof NodeRoles>(
    "nodes keep their roles",
    "follower-demoted",
    "NodeRoles",
    /^3 answer status: 503 \/ 200$/,
    (right) => ({
      NodeRoles: class extends right.NodeRoles {
        override elected() {}
        override changed() {}
      }
    })
  )
]

/** For the right rules as for wrong ones. Fewer than a check makes: a wrong rule takes them all. */
const attempts = 8

/** Differences of the scenario's embedded run from its recording, with modules loaded anew. */
const differencesOf = async (scenario: string): Promise<ReadonlyArray<string>> => {
  const { check } = await import("../src/Check.ts")
  const Fixtures = await import("../src/Fixtures.ts")
  const { scenarios } = await import("../src/scenarios/All.ts")
  const { sift } = await import("../src/Allowed.ts")
  const program = Effect.gen(function* () {
    const found = scenarios.find(({ name }) => name === scenario)
    const recorded = yield* Fixtures.read(scenario)
    if (found === undefined || recorded === null) return yield* Effect.dieMessage(`no recording of ${scenario}`)
    const { differences } = yield* check(found, recorded, { seed: 1, attempts })
    const { left } = sift(differences, yield* Fixtures.allowances)
    return left.map(({ embedded, recorded, step, what }) => `${step} ${what}: ${recorded} / ${embedded}`)
  })
  return Effect.runPromise(Effect.provide(program, NodeFileSystem.layer))
}

describe("a wrong rule is noticed", () => {
  afterEach(() => {
    for (const { module } of mutants) vi.doUnmock(module)
    vi.resetModules()
  })

  for (const scenario of new Set(mutants.map((each) => each.scenario)))
    it(`the right ones pass (${scenario})`, { timeout: 120_000 }, async () => {
      vi.resetModules()
      assert.deepStrictEqual(await differencesOf(scenario), [])
    })

  for (const { name, scenario, module, shows, wrong } of mutants)
    it(`${name} (${scenario})`, { timeout: 120_000 }, async () => {
      vi.resetModules()
      vi.doMock(module, async (importOriginal) => {
        const right = await importOriginal<object>()
        return { ...right, ...wrong(right as never) }
      })
      const found = await differencesOf(scenario)
      assert.isTrue(
        found.some((difference) => shows.test(difference)),
        found.join("\n")
      )
    })
})
