import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "vitest"
import { colored, eventLine, plain, render } from "../src/View.ts"
import { scene, steady, task } from "./scenes.ts"

const size = { columns: 100, rows: 40 }

describe("View.render", () => {
  it("shows nodes as columns with their tasks, the figures and where the story is", () => {
    expect(render(scene(), size, plain).map((line) => line.trimEnd())).toMatchInlineSnapshot(`
      [
        "Evenkeel demo: Swarm with Evenkeel, 42 simulated s, 10 times as fast as the clock",
        "starting > [steady state] > node lost > Swarm has restored > node is back > Evenkeel moves >",
        "balanced",
        "",
        "n1 ready, leads                  n2 ready                         n3 ready",
        "-------------------------------  -------------------------------  -------------------------------",
        "* trio.1                         * trio.2                         * trio.3",
        "* vvm1                           * vvm2                           * vvm3",
        "* vvm4                           * vvm5                           * vvm6",
        "3 tasks                          3 tasks                          3 tasks",
        "",
        "",
        "",
        "",
        "rebalancer router                rebalancer router                rebalancer router",
        "",
        "150 requests/s, 450 sent, 0 lost, 0 cut, 0 failed at the lost node, latency p50 2.6 ms, p99 25 ms",
        "",
      ]
    `)
  })

  it("shows what is lost, starting and stopping by signs, not by color alone", () => {
    const tasks = [
      task("vvm1", "n1", { isServing: false, isStarting: true }),
      task("vvm2", "n2"),
      task("vvm3", "n3", { isServing: false, isStopping: true }),
      task("vvm4", "n3", { isServing: false })
    ]
    const text = render(scene({ observation: { ...steady, tasks }, lost: new Set(["n2"]) }), size, plain).join("\n")
    expect(text).toContain("+ vvm1")
    expect(text).toContain("x vvm2")
    expect(text).toContain("- vvm3")
    expect(text).not.toContain("vvm4")
    expect(text).toContain("n2 lost")
  })

  it("says of a lost node what Swarm says of it", () => {
    const nodes = steady.nodes.map((node) => (node.hostname === "n2" ? { ...node, state: "down" } : node))
    const lines = render(scene({ observation: { ...steady, nodes }, lost: new Set(["n2"]) }), size, plain)
    expect(lines.join("\n")).toContain("n2 lost, down")
  })

  it.each([
    { columns: 100, rows: 24 },
    { columns: 80, rows: 24 },
    { columns: 40, rows: 20 },
    { columns: 20, rows: 10 },
    { columns: 200, rows: 5 }
  ])("stays within $columns columns and $rows rows, in color too", (narrow) => {
    const events = Array.from({ length: 12 }, (_, i) => ({
      run: "evenkeel" as const,
      phase: "steady" as const,
      atSeconds: i,
      text: "a sentence that is much too long for a narrow terminal, and goes on and on without an end"
    }))
    for (const paint of [plain, colored]) {
      const lines = render(scene({ events }), narrow, paint).map(stripVTControlCharacters)
      expect(lines.length).toBeLessThan(narrow.rows)
      for (const line of lines) expect(line.length).toBeLessThan(Math.max(21, narrow.columns))
    }
  })

  it("colors only where it may", () => {
    expect(render(scene(), size, plain).join("")).not.toContain("\u001b")
    expect(render(scene(), size, colored).join("")).toContain("\u001b[32m")
  })

  it("shows no phases of Evenkeel while Swarm is alone", () => {
    expect(render(scene({ run: "alone" }), size, plain).join("\n")).not.toMatch(/Evenkeel moves|balanced/)
  })
})

it("tells an event in one line", () => {
  expect(eventLine({ run: "alone", phase: "lost", atSeconds: 49.32, text: "n2 crashes" })).toBe(
    "   49.3s  Swarm alone: n2 crashes"
  )
})
