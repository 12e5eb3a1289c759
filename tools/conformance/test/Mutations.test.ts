/**
 * Wrong rules, one at a time, must be noticed: each mutant replaces one rule of the domain and is held against the recording of
 * a scenario that is about that rule.
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
  readonly wrong: (right: never) => object
}

const mutant = <M>(name: string, scenario: string, module: string, wrong: (right: M) => Partial<M>): Mutant => ({
  name,
  scenario,
  module: `@evenkeel/domain/rules/${module}`,
  wrong: (right) => wrong(right)
})

/** The filter lets every node pass. */
const without = (filter: Filters.FilterName, scenario: string): Mutant =>
  mutant<typeof Filters>(`no ${filter} filter`, scenario, "Filters", ({ firstRefusal }) => ({
    firstRefusal: (service) => {
      const refusalOf = firstRefusal(service)
      return (load) => {
        const found = refusalOf(load)
        return found === filter ? null : found
      }
    }
  }))

/** A part of the embedded Swarm itself, where the rule is none of the domain. */
const part = <M>(name: string, scenario: string, module: string, wrong: (right: M) => Partial<M>): Mutant => ({
  ...mutant(name, scenario, module, wrong),
  module: `@evenkeel/swarm-sim/swarm/${module}`
})

const mutants: ReadonlyArray<Mutant> = [
  without("Ready", "pause"),
  without("Resource", "reservations"),
  without("Plugin", "plugin"),
  without("Constraint", "constraint-unmet"),
  without("Platform", "platform"),
  without("HostPort", "host-ports"),
  without("MaxReplicas", "max-replicas"),
  mutant<typeof NodeOrder>("no order of nodes", "node-order", "NodeOrder", () => ({ compareNodes: () => () => 0 })),
  mutant<typeof NodeOrder>("fullest node first", "node-order", "NodeOrder", ({ compareNodes }) => ({
    compareNodes: (service, failures) => (a, b) => compareNodes(service, failures)(b, a)
  })),
  mutant<typeof NodeOrder>("all tasks count like the service's own", "node-order", "NodeOrder", () => ({
    compareNodes: () => (a, b) => a.activeTasks - b.activeTasks
  })),
  mutant<typeof NodeOrder>("failures do not count", "shunned-node", "NodeOrder", ({ compareNodes }) => ({
    compareNodes: (service) => compareNodes(service)
  })),
  mutant<typeof ScaleDown>("the first copies go", "surge", "ScaleDown", ({ rankSlots }) => ({
    rankSlots: (slots) => rankSlots(slots).toReversed()
  })),
  mutant<typeof ScaleDown>("the highest slots go", "surge", "ScaleDown", ({ rankSlots }) => ({
    rankSlots: (slots) => rankSlots(slots).toSorted((a, b) => (a.tasks[0]?.slot ?? 0) - (b.tasks[0]?.slot ?? 0))
  })),
  mutant<typeof Dirtiness>("nothing is ever dirty", "update-stop-first", "Dirtiness", () => ({
    isTaskDirty: () => false
  })),
  mutant<typeof Dirtiness>("every new version is dirty", "update-labels-only", "Dirtiness", () => ({
    isTaskDirty: ({ service, task }) => service.specVersion !== task.specVersion
  })),
  mutant<typeof Dirtiness>("a new placement is always dirty", "empty", "Dirtiness", ({ isTaskDirty }) => ({
    isTaskDirty: (input) => isTaskDirty({ ...input, node: undefined })
  })),
  mutant<typeof Constraint>(
    "labels are compared with their case",
    "constraint-enforced",
    "Constraint",
    ({ nodeMatches }) => ({
      nodeMatches: (constraints, node) =>
        nodeMatches(constraints, node) &&
        constraints.every(({ key, value }) => {
          const label = node.labels[key.replace("node.labels.", "")]
          return label === undefined || label === value
        })
    })
  ),
  mutant<typeof Constraint>("every node satisfies every constraint", "constraint-enforced", "Constraint", () => ({
    nodeMatches: () => true
  })),
  part<typeof Dispatcher>("a new leader knows all nodes", "leader-stands-down", "Dispatcher", (right) => ({
    Dispatcher: class extends right.Dispatcher {
      override start() {
        super.start(true)
      }
    }
  })),
  part<typeof Managers>(
    "no manager comes back with a higher term",
    "leader-black-hole-in-an-update",
    "Managers",
    (right) => ({
      Managers: class extends right.Managers {
        override returned() {}
      }
    })
  ),
  part<typeof NodeRoles>("nodes keep their roles", "follower-demoted", "NodeRoles", (right) => ({
    NodeRoles: class extends right.NodeRoles {
      override elected() {}
      override changed() {}
    }
  }))
]

/** Differences of the scenario's embedded run from its recording, with modules loaded anew. */
const differencesOf = async (scenario: string, attempts = 40): Promise<number> => {
  const { check } = await import("../src/Check.ts")
  const Fixtures = await import("../src/Fixtures.ts")
  const { scenarios } = await import("../src/scenarios/All.ts")
  const { sift } = await import("../src/Allowed.ts")
  const program = Effect.gen(function* () {
    const found = scenarios.find(({ name }) => name === scenario)
    const recorded = yield* Fixtures.read(scenario)
    if (found === undefined || recorded === null) return yield* Effect.dieMessage(`no recording of ${scenario}`)
    const { differences } = yield* check(found, recorded, { seed: 1, attempts })
    return sift(differences, yield* Fixtures.allowances).left.length
  })
  return Effect.runPromise(Effect.provide(program, NodeFileSystem.layer))
}

describe("a wrong rule is noticed", () => {
  afterEach(() => {
    vi.doUnmock("@evenkeel/domain/rules/Filters")
    for (const { module } of mutants) vi.doUnmock(module)
    vi.resetModules()
  })

  for (const scenario of new Set(mutants.map((each) => each.scenario)))
    it(`the right ones pass (${scenario})`, { timeout: 120_000 }, async () => {
      vi.resetModules()
      assert.strictEqual(await differencesOf(scenario), 0)
    })

  for (const { name, scenario, module, wrong } of mutants)
    it(`${name} (${scenario})`, { timeout: 120_000 }, async () => {
      vi.resetModules()
      vi.doMock(module, async (importOriginal) => {
        const right = await importOriginal<object>()
        return { ...right, ...wrong(right as never) }
      })
      assert.isAbove(await differencesOf(scenario, 8), 0)
    })
})
