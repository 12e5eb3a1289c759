import { describe, expect, it } from "vitest"
import * as LabSpec from "../src/LabSpec.ts"

describe("address plan", () => {
  it("gives node i the address 10.77.0.1i and names that do not collide", () => {
    const plans = LabSpec.nodePlans(LabSpec.maxNodes)
    expect(plans[0]).toEqual({
      name: "n1",
      index: 1,
      address: "10.77.0.11",
      netns: "ek-n1",
      hostLink: "ek-v1",
      nodeLink: "ek-p1"
    })
    expect(plans[8]?.address).toBe("10.77.0.19")
    const names = plans.flatMap(({ name, address, netns, hostLink, nodeLink }) => [
      name,
      address,
      netns,
      hostLink,
      nodeLink
    ])
    expect(new Set(names).size).toBe(names.length)
  })

  it("keeps link names within the kernel's fifteen characters", () => {
    const links = LabSpec.nodePlans(9).flatMap(({ hostLink, nodeLink }) => [hostLink, nodeLink])
    expect([LabSpec.bridge, ...links].filter((link) => link.length > 15)).toEqual([])
  })

  it("reads a node's number from its name and refuses other names", () => {
    expect(LabSpec.nodeIndex("n7")).toBe(7)
    expect(["n0", "n10", "m1", "n", "", "n1 "].map(LabSpec.nodeIndex)).toEqual(Array(6).fill(undefined))
  })

  it("keeps every file of a node below its folder", () => {
    const { directory, ...files } = LabSpec.nodePaths("/lab", "n2")
    expect(directory).toBe("/lab/n2")
    expect(Object.values(files).every((path) => path.startsWith("/lab/n2/"))).toBe(true)
  })

  it("gives each state directory control groups of its own", () => {
    const parents = ["/var/lib/evenkeel-lab", "/var/lib/evenkeel-lab.2", "/tmp/system.slice"].map(LabSpec.cgroupParent)
    expect(parents).toEqual(["evenkeel-lab", "evenkeel-lab.2", "evenkeel-lab-system.slice"])
  })
})
