import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import type { Move } from "../src/Plan.ts"
import { plan } from "../src/Planner.ts"
import { applyAll, applyMove } from "../src/planner/Simulate.ts"
import * as Constraint from "../src/rules/Constraint.ts"
import { firstRefusal } from "../src/rules/Filters.ts"
import * as NodeLoad from "../src/rules/NodeLoad.ts"
import { firstChoices } from "../src/rules/NodeOrder.ts"
import * as ScaleDown from "../src/rules/ScaleDown.ts"
import { Placement, Service } from "../src/Service.ts"
import { Snapshot } from "../src/Snapshot.ts"
import { snapshot, task as makeTask } from "./fixtures/Cluster.ts"
import * as RandomClusters from "./fixtures/RandomClusters.ts"
import { compareLevels } from "./fixtures/Ideal.ts"
import { levelsIn, optimum } from "./fixtures/Reachable.ts"

const sizes: RandomClusters.Sizes = { nodes: [2, 5], services: [1, 8], replicas: [1, 6], tasks: 48, limited: true }
const clusters = RandomClusters.arbitrary(sizes)
/** Runs of each property; more on request, by PLANNER_RUNS. */
const runs = Number(process.env["PLANNER_RUNS"] ?? 100)

/** Each state from the start on, with the move that leaves it. */
const walk = (start: Snapshot, moves: ReadonlyArray<Move>): ReadonlyArray<readonly [Snapshot, Move]> => {
  let state = start
  return moves.map((move) => {
    const pair = [state, move] as const
    state = applyMove(state, move)
    return pair
  })
}

const check = (property: (state: Snapshot) => void) =>
  FastCheck.assert(
    FastCheck.property(clusters, (input) => {
      property(snapshot(input))
    }),
    { numRuns: runs }
  )

describe("any plan", { timeout: 60_000 }, () => {
  it("leaves nothing to plan once it is applied", () => {
    check((state) => expect(plan(applyAll(state, plan(state).moves)).moves).toEqual([]))
  })

  it("is, after some of its moves, a plan of as many moves as are left", () => {
    check((state) => {
      const { moves } = plan(state)
      for (const [i, [between]] of walk(state, moves).entries())
        expect(plan(between).moves).toHaveLength(moves.length - i)
    })
  })

  it("goes on as well from any other node that Swarm may choose for a surge", () => {
    check((state) => {
      const { moves } = plan(state)
      const [first] = moves
      if (first === undefined) return
      for (const node of first.alternatives) {
        const arrived = applyMove(state, first, node)
        const end = applyAll(arrived, plan(arrived).moves)
        expect(compareLevels(levelsIn(end), levelsIn(state))).toBeLessThan(0)
      }
    })
  })

  it("does not depend on the order of nodes, services and tasks", () => {
    check((state) => {
      const { nodes, services, tasks, networks, readBy, readAtMillis } = state
      const reversed = new Snapshot({
        nodes: nodes.toReversed(),
        services: services.toReversed(),
        tasks: tasks.toReversed(),
        networks,
        readBy,
        readAtMillis
      })
      expect(plan(reversed)).toEqual(plan(state))
    })
  })

  it("has moves that Swarm carries out as planned, breaking no rule and never below the asked replicas", () => {
    check((state) => {
      for (const [between, move] of walk(state, plan(state).moves)) {
        const service = between.service(move.service)
        const target = NodeLoad.fromSnapshot(between).get(move.to)
        if (service === undefined || target === undefined) throw new Error("a move of nothing")
        expect(firstRefusal(service)(target)).toBeNull()
        const constraints = Constraint.parseAll(service.placement.constraints) ?? []
        expect(Constraint.nodeMatches(constraints, target.node)).toBe(true)
        const tasks = between.tasksOfService(service.id)
        expect(tasks.find(({ id }) => id === move.task)?.node).toBe(move.from)
        expect(tasks.filter((each) => each.isServing)).toHaveLength(service.replicas ?? -1)
        if (move.strategy === "pin") {
          expect(service.replicas).toBe(1)
          continue
        }
        if (move.strategy === "empty") {
          expect(tasks.filter(({ node }) => node === move.from)).toHaveLength(1)
          const constraints = [...service.placement.constraints, `node.id!=${move.from}`]
          const placement = new Placement({ ...service.placement, constraints })
          const without = new Service({ ...service, placement })
          const { nodes } = firstChoices(without, NodeLoad.fromSnapshot(between))
          expect([move.to, ...move.alternatives].toSorted()).toEqual(nodes)
          continue
        }
        const choices = firstChoices(service, NodeLoad.fromSnapshot(between)).nodes
        expect([move.to, ...move.alternatives].toSorted()).toEqual(choices)
        for (const node of choices) {
          const slot = ScaleDown.firstFreeSlot(tasks)
          const added = makeTask({ service: service.name, slot, node, id: "added" })
          expect(ScaleDown.victims([...tasks, added], tasks.length).possible).toEqual([move.task])
        }
      }
    })
  })

  it("accounts for every service", () => {
    check((state) => {
      const { moves, kept } = plan(state)
      const named = new Set([...moves.map(({ service }) => service), ...kept.map(({ service }) => service)])
      expect(named.size).toBe(state.services.length)
    })
  })

  it("never makes the cluster less even", () => {
    check((state) => {
      const { moves } = plan(state)
      const order = compareLevels(levelsIn(applyAll(state, moves)), levelsIn(state))
      expect(moves.length === 0 ? order === 0 : order < 0).toBe(true)
    })
  })
})

describe("where room is scarce", { timeout: 60_000 }, () => {
  const crowded = FastCheck.record({
    memory: FastCheck.array(FastCheck.integer({ min: 2, max: 5 }), { minLength: 2, maxLength: 4 }),
    services: FastCheck.array(
      FastCheck.record({
        at: FastCheck.nat({ max: 3 }),
        memoryBytes: FastCheck.constantFrom(0, 1, 1, 2),
        group: FastCheck.constantFrom("g", "h", null),
        hostPorts: FastCheck.constantFrom([], [], [80])
      }),
      { minLength: 2, maxLength: 8 }
    )
  }).map(({ memory, services }) =>
    snapshot({
      nodes: memory.map((memoryBytes, i) => ({ name: `n${i + 1}`, memoryBytes })),
      services: services.map(({ at, group, ...rest }, i) => {
        const tasks = `n${(at % memory.length) + 1}`
        return { name: `s${i + 1}`, tasks, ...rest, ...(group === null ? {} : { group }) }
      })
    })
  )

  const checkToTheEnd = (start: Snapshot) => {
    let state = start
    let left = plan(start).moves.length
    for (let [next] = plan(state).moves; next !== undefined; [next] = plan(state).moves) {
      expect(plan(state).moves).toHaveLength(left)
      left--
      state = applyMove(state, next)
    }
    expect(left).toBe(0)
    expect(compareLevels(levelsIn(state), levelsIn(start))).toBeLessThanOrEqual(0)
  }

  it("comes to an end in as many moves as were planned, when it is made anew after every move", () => {
    FastCheck.assert(
      FastCheck.property(crowded, (start) => {
        checkToTheEnd(start)
      }),
      { numRuns: runs * 2 }
    )
  })

  it("does not send tasks round in circles", () => {
    const at = (
      name: string,
      tasks: string,
      memoryBytes: number,
      group: string,
      ...hostPorts: ReadonlyArray<number>
    ) => ({
      ...{ name, tasks, memoryBytes, hostPorts },
      ...(group === "" ? {} : { group })
    })
    const nodes = [2, 3, 2, 3].map((memoryBytes, i) => ({ name: `n${i + 1}`, memoryBytes }))
    const services = [
      at("s1", "n1", 1, "g", 80),
      at("s2", "n3", 2, "", 80),
      at("s3", "n2", 1, ""),
      at("s4", "n4", 1, "h"),
      at("s5", "n3", 1, "h"),
      at("s6", "n1", 1, "g"),
      at("s7", "n2", 1, "g"),
      at("s8", "n1", 1, "g")
    ]
    checkToTheEnd(snapshot({ nodes, services }))
  })
})

describe("against every placement that moves lead to", { timeout: 120_000 }, () => {
  it("is optimal in balance and in moves", () => {
    for (const limited of [true, false]) {
      const tiny = { nodes: [2, 3], services: [1, 3], replicas: [1, 4], tasks: 6, limited } as const
      for (const input of FastCheck.sample(RandomClusters.arbitrary(tiny), { seed: 7, numRuns: limited ? 160 : 60 })) {
        const state = snapshot(input)
        const { moves } = plan(state)
        expect({ levels: levelsIn(applyAll(state, moves)), moves: moves.length }).toEqual(optimum(state))
      }
    }
  })
})
