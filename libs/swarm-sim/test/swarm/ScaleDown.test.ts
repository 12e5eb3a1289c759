import { describe, expect, it } from "vitest"
import { Cluster, seconds } from "./Cluster.ts"

/** Slots of `web` that are still wanted, by node: `n1:1 n2:2,3`. */
const wanted = (cluster: Cluster): string => {
  const byNode = Map.groupBy(
    cluster.tasks("web").filter(({ desired }) => desired === "running"),
    (task) => cluster.hostname(task)
  )
  return [...byNode]
    .map(
      ([node, tasks]) =>
        `${node}:${tasks
          .map(({ slot }) => slot)
          .toSorted((a, b) => a - b)
          .join(",")}`
    )
    .toSorted()
    .join(" ")
}

const only = (cluster: Cluster, open: ReadonlyArray<string>) => {
  for (const node of ["n1", "n2", "n3"])
    cluster.setNode(node, { Availability: open.includes(node) ? "active" : "pause" })
}

/** One task on n1 that never gets to run, two on n2, three on n3, and one that has no node. */
const oneTwoThree = (): Cluster => {
  const cluster = new Cluster()
  cluster.fault({ _tag: "slow-start", node: "n1", millis: 3600 * seconds })
  only(cluster, ["n1"])
  cluster.create("web")
  cluster.run(5 * seconds)
  for (const [node, replicas] of [
    ["n2", 3],
    ["n3", 6],
    ["", 7]
  ] as const) {
    only(cluster, [node])
    cluster.scale("web", replicas)
    cluster.run(5 * seconds)
  }
  return cluster
}

describe("a scale-down", () => {
  it("takes the unassigned one, then the fullest node's, then those that do not run", () => {
    const cluster = oneTwoThree()
    expect(wanted(cluster)).toBe("-:7 n1:1 n2:2,3 n3:4,5,6")
    cluster.scale("web", 6)
    cluster.run(20 * seconds)
    expect(wanted(cluster)).toBe("n1:1 n2:2,3 n3:4,5,6")
    cluster.scale("web", 4)
    cluster.run(20 * seconds)
    expect(wanted(cluster)).toBe("n1:1 n2:2,3 n3:4")
    cluster.scale("web", 2)
    cluster.run(20 * seconds)
    expect(wanted(cluster)).toBe("n2:2 n3:4")
  })

  it("deletes what it took, without history, and lets it stop in peace first", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    cluster.scale("web", 1)
    cluster.run(200)
    const going = cluster.tasks("web").filter(({ desired }) => desired === "remove")
    expect(going.map(({ state }) => state)).toEqual(["running", "running"])
    cluster.run(10 * seconds)
    expect(cluster.tasks("web").map(({ slot }) => slot)).toEqual([1])
  })

  it("and up again fills the lowest free slots", () => {
    const cluster = oneTwoThree()
    cluster.scale("web", 2)
    cluster.run(20 * seconds)
    only(cluster, ["n1", "n2", "n3"])
    cluster.scale("web", 4)
    cluster.run(20 * seconds)
    expect(
      cluster
        .tasks("web")
        .filter(({ desired }) => desired === "running")
        .map(({ slot }) => slot)
        .toSorted((a, b) => a - b)
    ).toEqual([1, 2, 3, 4])
  })

  it("of more than a dozen slots leaves the choice among equals open", () => {
    const kept = new Set(
      [1, 2, 3, 4, 5].map((seed) => {
        const cluster = new Cluster({ seed })
        cluster.running("web", { replicas: 15 })
        cluster.scale("web", 8)
        cluster.run(10 * seconds)
        expect(cluster.counts("web").split("-").toSorted().join("-")).toBe("2-3-3")
        return cluster
          .serving("web")
          .map(({ slot }) => slot)
          .toSorted((a, b) => a - b)
          .join()
      })
    )
    expect(kept.size).toBeGreaterThan(1)
  })

  it("after a surge takes from the full node: 2-0-1 becomes 1-1-1 and nothing else restarts", () => {
    const cluster = new Cluster()
    only(cluster, ["n1"])
    cluster.create("web", { replicas: 2 })
    cluster.run(5 * seconds)
    only(cluster, ["n3"])
    cluster.scale("web", 3)
    cluster.run(5 * seconds)
    expect(cluster.counts("web")).toBe("2-0-1")
    only(cluster, ["n1", "n2", "n3"])
    const before = cluster.ids("web")
    cluster.scale("web", 4)
    cluster.run(5 * seconds)
    expect(cluster.counts("web")).toBe("2-1-1")
    cluster.scale("web", 3)
    cluster.run(10 * seconds)
    expect(cluster.counts("web")).toBe("1-1-1")
    expect(cluster.ids("web").filter((id) => before.includes(id))).toHaveLength(2)
    expect(cluster.updateStatus("web")).toBe("none")
  })
})
