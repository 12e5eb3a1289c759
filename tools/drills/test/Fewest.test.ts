import { describe, expect, it } from "vitest"
import type { Drill } from "../src/Drill.ts"
import * as Fewest from "../src/Fewest.ts"
import * as Optimum from "../src/Optimum.ts"
import { evennessOf, situationOf } from "../src/Scene.ts"
import type { ServingTask } from "../src/TaskHistory.ts"
import { fiveNodes, mixed } from "../src/Workloads.ts"

const drill: Drill = { name: "d", about: "", nodes: fiveNodes, managers: 3, services: mixed, steps: [] }
const open = new Set(fiveNodes.map(({ name }) => name))

/** Tasks as `2-1`, slots in the order of the nodes or backwards. */
const placed = (counts: Readonly<Record<string, string>>, isBackwards = false): Fewest.Placed => {
  const serving = new Map<string, ServingTask>()
  const slots = new Map<string, number>()
  for (const [service, text] of Object.entries(counts)) {
    const nodes = text.split("-").flatMap((count, at) => Array.from({ length: Number(count) }, () => `n${at + 1}`))
    for (const [i, node] of nodes.entries()) {
      serving.set(`${service}${i}`, { service, node })
      slots.set(`${service}${i}`, isBackwards ? nodes.length - i : i + 1)
    }
  }
  return { serving, slots, open }
}

const counts = { pair: "0-1-0-1-0", trio: "1-1-0-1-0", seven: "2-2-2-1-0", ten: "2-2-3-3-0" }
const idealOf = ({ serving }: Fewest.Placed) => Optimum.of(situationOf({ drill }, open, [...serving.values()])).moves

describe("the fewest moves with the choices that Swarm makes", () => {
  it("are one more where it stops a task that could have stayed", () => {
    const [forwards, backwards] = [placed(counts), placed(counts, true)]
    expect([idealOf(forwards), idealOf(backwards)]).toEqual([4, 4])
    expect([Fewest.moves(drill, forwards), Fewest.moves(drill, backwards)]).toEqual([5, 4])
  })

  it("are none where all is even", () => {
    const even = placed({ pair: "1-1-0-0-0", trio: "0-1-0-1-1", seven: "1-1-2-2-1", ten: "2-2-2-2-2" })
    expect(Fewest.moves(drill, even)).toBe(0)
  })

  it("are fewer where what placements alone allow is out of reach: Swarm would choose among equals", () => {
    const lost = { pair: "1-0-1-0-0", trio: "2-1-0-0-0", seven: "2-3-2-0-0", ten: "3-3-4-0-0", others: "1-1-1-0-0" }
    const withoutLast = { ...placed(lost), open: new Set(["n1", "n2", "n3", "n4"]) }
    const situation = situationOf({ drill }, withoutLast.open, [...withoutLast.serving.values()])
    expect([Optimum.of(situation).moves, Fewest.moves(drill, withoutLast)]).toEqual([6, 5])
  })

  it("leave a placement that is reached, though another would be more even", () => {
    const open = new Set(["n1", "n2", "n3", "n4"])
    const others = "1-1-1-0-0"
    const left = { pair: "0-0-1-1-0", trio: "1-1-0-1-0", seven: "2-2-2-1-0", ten: "3-2-3-2-0", others }
    expect(evennessOf(drill, { ...placed(left), open })).toBe("reached")
    expect(evennessOf(drill, { ...placed({ ...left, pair: "1-0-1-0-0" }), open })).toBe("uneven")
    expect(evennessOf(drill, { ...placed({ ...left, others: "0-0-0-0-0" }), open })).toBe("even")
  })

  it("are not known where the slot of a task is not", () => {
    const { slots, ...rest } = placed(counts)
    expect(Fewest.moves(drill, { ...rest, slots: new Map([...slots].slice(1)) })).toBeNull()
  })
})
