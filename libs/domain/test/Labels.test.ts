import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { NetworkId, NodeId } from "../src/Ids.ts"
import { Network } from "../src/Network.ts"
import * as MoveLabels from "../src/planner/MoveLabels.ts"
import * as Routes from "../src/Routes.ts"
import { Service } from "../src/Service.ts"
import * as ServiceLabels from "../src/ServiceLabels.ts"
import { Snapshot } from "../src/Snapshot.ts"
import { NetworkAddress, Task } from "../src/Task.ts"
import * as Cluster from "./fixtures/Cluster.ts"

const page = readFileSync(new URL("../../../docs/labels.md", import.meta.url), "utf8")

/** The names in the first column of the page's first table. */
const documented = page
  .split("\n")
  .filter((line) => line.startsWith("| `evenkeel."))
  .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`(evenkeel\.[a-z.*]+)`/g)].map(([, name]) => name))

interface Example {
  /** Labels with which it is tried. */
  readonly beside: Readonly<Record<string, string>>
  readonly text: string
  /** Not a value of it. */
  readonly wrong: string
}

const routable = { "evenkeel.port": "80" }
const hosted = { ...routable, "evenkeel.host": "shop.example" }

/** For each label a value that makes a difference. */
const examples: Readonly<Record<string, Example>> = {
  "evenkeel.port": { beside: {}, text: "80", wrong: "http" },
  "evenkeel.group": { beside: routable, text: "vvm", wrong: "V V" },
  "evenkeel.rebalance": { beside: {}, text: "off", wrong: "no" },
  "evenkeel.order": { beside: {}, text: "stop-first", wrong: "stop" },
  "evenkeel.cost": { beside: {}, text: "3", wrong: "-1" },
  "evenkeel.host": { beside: routable, text: "shop.example, www.shop.example", wrong: "https://shop" },
  "evenkeel.path": { beside: routable, text: "/api", wrong: "api" },
  "evenkeel.strip": { beside: { ...routable, "evenkeel.path": "/api" }, text: "true", wrong: "yes" },
  "evenkeel.redirect": { beside: hosted, text: "https", wrong: "http" },
  "evenkeel.weight": { beside: hosted, text: "0", wrong: "1001" },
  "evenkeel.network": { beside: routable, text: "back", wrong: "" },
  "evenkeel.scheme": { beside: routable, text: "https", wrong: "ftp" },
  "evenkeel.verify": { beside: { ...routable, "evenkeel.scheme": "https" }, text: "off", wrong: "A B" },
  "evenkeel.lb": { beside: routable, text: "hash:cookie:id", wrong: "fastest" },
  "evenkeel.health": { beside: routable, text: "GET /healthz", wrong: "/healthz" },
  "evenkeel.retry": { beside: routable, text: "off", wrong: "11" },
  "evenkeel.timeout": { beside: routable, text: "total 2m connect 2s", wrong: "total 2" },
  "evenkeel.hedge": { beside: routable, text: "p95", wrong: "0ms" },
  "evenkeel.hold": { beside: routable, text: "30s", wrong: "30" },
  "evenkeel.role": { beside: {}, text: "router", wrong: "routers" }
}

/** All that the product makes of a service's labels. */
const madeOf = (labels: Readonly<Record<string, string>>) => {
  const networks = ["front", "back"]
  const input = { name: "web", tasks: "n1", labels }
  const service = new Service({ ...Cluster.service(input), networks: networks.map((id) => NetworkId.make(id)) })
  const addresses = networks.map(
    (name) =>
      new NetworkAddress({
        network: NetworkId.make(name),
        networkName: name,
        address: name === "front" ? "10.0.1.1" : "10.0.2.1"
      })
  )
  const router = { name: "router", tasks: "n1", labels: { "evenkeel.role": "router" } }
  const routers = new Service({ ...Cluster.service(router), networks: [NetworkId.make("front")] })
  const table = Routes.fromSnapshot(
    new Snapshot({
      nodes: [Cluster.node("n1")],
      services: [service, routers],
      tasks: Cluster.tasksOf(input).map((task) => new Task({ ...task, addresses })),
      networks: networks.map(
        (name) => new Network({ id: NetworkId.make(name), name, driver: "overlay", scope: "swarm", ingress: false })
      ),
      readBy: NodeId.make("n1"),
      readAtMillis: 0
    })
  )
  return { table, moves: MoveLabels.of(service) }
}

const problemsOf = (labels: Readonly<Record<string, string>>) =>
  ServiceLabels.decode(labels).problems.map(({ expected, label }) => `${label}: ${expected}`)

describe("the labels", () => {
  it("are all documented, and what is documented is read", () => {
    const journal = "evenkeel.journal.*"
    expect(documented.filter((name) => name !== journal).toSorted()).toEqual(ServiceLabels.labelNames.toSorted())
    expect(documented).toContain(journal)
    expect(Object.keys(examples).toSorted()).toEqual(ServiceLabels.labelNames.toSorted())
  })

  it.each(Object.entries(examples))("have an effect: %s", (label, { beside, text, wrong }) => {
    expect(problemsOf({ ...beside, [label]: text })).toEqual([])
    const [without, withIt] = [madeOf(beside), madeOf({ ...beside, [label]: text })]
    expect({ ...withIt, table: { ...withIt.table, problems: [] } }).not.toEqual({
      ...without,
      table: { ...without.table, problems: [] }
    })
    expect(problemsOf({ ...beside, [label]: wrong })).toEqual([expect.stringContaining(label)])
  })

  it("are reported where they are unknown, and the service is routed all the same", () => {
    const { table } = madeOf({ ...routable, "evenkeel.prot": "81", "evenkeel.journal.move": "{}" })
    expect(table.problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining("label evenkeel.prot=81: one of")
    ])
    expect(table.services.map(({ name }) => name)).toEqual(["web"])
  })

  it("are reported where they do nothing since another is missing", () => {
    expect(problemsOf({ "evenkeel.hold": "30s" })).toEqual(["evenkeel.hold: it has no effect without evenkeel.port"])
    expect(problemsOf({ ...routable, "evenkeel.redirect": "https", "evenkeel.strip": "true" })).toEqual([
      "evenkeel.redirect: it has no effect without evenkeel.host or evenkeel.path",
      "evenkeel.strip: it has no effect without evenkeel.path"
    ])
    expect(problemsOf({ ...routable, "evenkeel.verify": "off" })).toEqual([
      "evenkeel.verify: it has no effect without evenkeel.scheme=https"
    ])
    // One complaint is enough.
    expect(problemsOf({ "evenkeel.port": "many", "evenkeel.hold": "30s" })).toEqual([
      expect.stringContaining("evenkeel.port")
    ])
  })
})

describe("evenkeel.timeout and evenkeel.hedge", () => {
  const read = (labels: Readonly<Record<string, string>>) => ServiceLabels.decode({ ...routable, ...labels }).labels
  it("are times with their units", () => {
    expect(read({ "evenkeel.timeout": "first-byte 5s total 20s" }).timeout).toEqual({
      connectMillis: 1_000,
      firstByteMillis: 5_000,
      idleMillis: 60_000,
      totalMillis: 20_000
    })
    expect(read({ "evenkeel.hedge": "50ms" }).hedge).toBe(50)
    expect(read({ "evenkeel.hedge": "p95" }).hedge).toBe("p95")
    expect(read({ "evenkeel.hedge": "50" }).hedge).toBe(undefined)
  })
})
