/**
 * Random commands and faults on embedded Swarms, and what must hold after every commit, at rest and at the end. Thousands of games
 * are played by `npx nx run conformance:invariants`; here some of them, those that once failed, and faults that must be found.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import { Swarm } from "@evenkeel/swarm-sim/swarm/Swarm"
import * as Embedded from "../src/Embedded.ts"
import { type EngineObject, mergePatch, textAt } from "../src/EngineValue.ts"
import * as Invariants from "../src/Invariants.ts"
import * as AtRest from "../src/invariants/AtRest.ts"
import { parse } from "../src/invariants/Flags.ts"
import { type Game, play, replay } from "../src/invariants/Game.ts"
import { kindOf, shrink } from "../src/invariants/Shrink.ts"
import * as RandomCommands from "../src/RandomCommands.ts"
import type { Observation } from "../src/Target.ts"

const games = join(import.meta.dirname, "../fixtures/games")

describe("the embedded Swarm under random commands and faults", () => {
  it("keeps its invariants, comes to rest and leaves nothing behind", { timeout: 240_000 }, () => {
    for (let seed = 1; seed <= 8; seed++) assert.deepStrictEqual(play(seed, 80).violations, [], `seed ${seed}`)
  })

  it("does the same for the same seed, and for the same moves", { timeout: 120_000 }, () => {
    const first = play(77, 60, { digest: true })
    assert.strictEqual(play(77, 60, { digest: true }).digest, first.digest)
    assert.strictEqual(replay(first.game, { digest: true }).digest, first.digest)
    assert.notStrictEqual(play(78, 60, { digest: true }).digest, first.digest)
  })

  for (const file of readdirSync(games))
    it(`keeps its invariants in the game ${file}, in which it once did not`, { timeout: 60_000 }, () => {
      const game = JSON.parse(readFileSync(join(games, file), "utf8")) as Game
      assert.deepStrictEqual(replay(game).violations, [])
    })

  it("is given every command and fault there is", () => {
    const swarm = new Swarm({ nodes: 4, seed: 3 })
    const random = new SeededRandom(3)
    swarm.createService({ Name: "red", TaskTemplate: { ContainerSpec: { Image: "a" } } })
    swarm.fault({ _tag: "crash", node: "n4" })
    const seen = new Set<string>()
    for (let i = 0; i < 2_000; i++) {
      const { command } = RandomCommands.next(swarm, random)
      seen.add(command.do === "fault" ? command.fault._tag : command.do)
    }
    assert.deepStrictEqual(
      [...seen].toSorted(),
      [
        ...["black-hole", "crash", "create", "drop-events", "flap", "late-update", "leader-change", "node", "remove"],
        ...["remove-node", "restart-dockerd", "restore", "rollback", "slow-start", "unhealthy", "update", "wait"]
      ].filter((name) => name !== "wait" || seen.has("wait"))
    )
  })
})

/** One service of three replicas at rest on three nodes, with a port of the node. */
const atRest = (): Observation => {
  const swarm = new Swarm({ nodes: 3, seed: 5 })
  swarm.createNetwork({ Name: "net", Driver: "overlay" })
  swarm.createService({
    Name: "red",
    Mode: { Replicated: { Replicas: 3 } },
    TaskTemplate: {
      ContainerSpec: { Image: "a" },
      Placement: { MaxReplicas: 1, Constraints: ["node.hostname!=n9"] },
      Resources: { Reservations: { NanoCPUs: 1_000_000_000, MemoryBytes: 1024 ** 3 } },
      Networks: [{ Target: "net" }]
    },
    EndpointSpec: {
      Mode: "dnsrr",
      Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: 8080, PublishMode: "host" }]
    }
  })
  Embedded.advance(swarm, 60_000)
  return Embedded.observe(swarm)
}

const version = (object: EngineObject, by: number): object => ({
  Version: { Index: ((object["Version"] as { readonly Index: number }).Index ?? 0) + by }
})

/** The same with one object changed, in a commit of its own. */
const changed = (seen: Observation, kind: "nodes" | "services" | "tasks", patch: object, by = 1_000): Observation => {
  const [first, ...rest] = seen[kind]
  if (first === undefined) throw new RangeError(`no ${kind}`)
  return { ...seen, [kind]: [mergePatch(first, { ...version(first, by), ...patch }) as EngineObject, ...rest] }
}

const found = (before: Observation, after: Observation): string => {
  const invariants = Invariants.make()
  assert.deepStrictEqual(invariants.check(before), [])
  return invariants.check(after).map(kindOf).join("\n")
}

describe("the invariants find", () => {
  const seen = atRest()
  const [, second] = seen.tasks
  const otherNode = { NodeID: textAt(second, "NodeID") }
  const pending = changed(seen, "tasks", { Status: { State: "pending", PortStatus: {} }, NodeID: "" }, 0)

  it.each([
    ["a second decision of the scheduler", seen, changed(seen, "tasks", otherNode), /went from node/],
    ["a state that goes back", seen, changed(seen, "tasks", { Status: { State: "starting" } }), /went back/],
    ["a desired state that goes back", seen, changed(seen, "tasks", { DesiredState: "ready" }), /went back/],
    ["a port that two tasks have", pending, changed(seen, "tasks", otherNode), /port tcp\/# of node/],
    ["too many replicas on a node", pending, changed(seen, "tasks", otherNode), /at most # may be there/],
    ["a change without a new version", seen, changed(seen, "tasks", { Slot: 1, Labels: { a: "b" } }, 0), /version/],
    ["a version that was given before", seen, changed(seen, "services", { Labels: { a: "b" } }, -1), /version/],
    ["a former spec that is lost", seen, changed(seen, "services", { Spec: { Labels: { a: "b" } } }), /PreviousSpec/],
    ["too much reserved", seen, changed(seen, "nodes", { Description: { Resources: { NanoCPUs: 1 } } }), /reserved/],
    [
      "an address that two tasks have",
      seen,
      changed(seen, "tasks", { NetworksAttachments: second?.["NetworksAttachments"] }),
      /address/
    ],
    ["a task of a service that is gone", { ...seen, tasks: [] }, { ...seen, services: [] }, /which is gone/],
    [
      "an assignment against a constraint",
      pending,
      changed(seen, "tasks", { Spec: { Placement: { Constraints: ["node.role==worker"] } } }),
      /does not meet/
    ],
    [
      "an assignment to a node that takes none",
      pending,
      {
        ...changed(seen, "tasks", {}),
        nodes: seen.nodes.map(
          (node) => mergePatch(node, { Spec: { Availability: "drain" }, Version: { Index: 5_000 } }) as EngineObject
        )
      },
      /on drain/
    ]
  ] as const)("%s", (_, before, after, words) => {
    assert.match(found(before, after), words)
  })

  it.each([
    ["a replica that is missing", { ...seen, tasks: seen.tasks.slice(1) }, /asks for # tasks/],
    ["a task that waits for no reason", pending, /does not say why/],
    ["a task of a removed service", { ...seen, services: [] }, /of a removed service/],
    ["a node that did not come back", changed(seen, "nodes", { Status: { State: "down" } }), /is down at rest/],
    [
      "a task that waits beside a free node",
      changed(pending, "tasks", { Status: { Err: "no suitable node" } }),
      /could take it/
    ],
    ["a task that does not end", changed(seen, "tasks", { DesiredState: "shutdown" }), /wanted shutdown and running/]
  ] as const)("at rest %s", (_, at, words) => {
    assert.deepStrictEqual(
      AtRest.violations(seen, () => false),
      []
    )
    assert.match(
      AtRest.violations(at, () => false)
        .map(kindOf)
        .join("\n"),
      words
    )
  })
})

describe("the invariants at rest", () => {
  const seen = atRest()
  const [model = {}] = seen.tasks
  const violations = (services: Observation["services"], tasks: Observation["tasks"]): string =>
    AtRest.violations({ ...seen, services, tasks }, () => true)
      .map(kindOf)
      .join("\n")
  const copies = (count: number, patch: object): Observation["tasks"] =>
    Array.from({ length: count }, (_, i) => mergePatch(model, { ID: `copy${i}`, ...patch }) as EngineObject)
  const ended = {
    DesiredState: "shutdown",
    Status: { State: "failed", Timestamp: "2025-12-31T00:00:00Z", PortStatus: {} }
  }

  it("bound a slot's history as it was when its newest task was made; tasks that are wanted have no part in it", () => {
    assert.strictEqual(violations(seen.services, [...seen.tasks, ...copies(6, ended)]), "")
    assert.match(violations(seen.services, [...seen.tasks, ...copies(7, ended)]), /keeps # ended tasks, more than #/)
    const since = { ...ended, Status: { ...ended.Status, Timestamp: "2026-01-02T00:00:00Z" } }
    assert.strictEqual(violations(seen.services, [...seen.tasks, ...copies(7, since)]), "")
    const waiting = { NodeID: "", Status: { State: "pending", PortStatus: {} } }
    assert.strictEqual(violations(seen.services, [...seen.tasks, ...copies(9, waiting)]), "")
  })

  it("let a service exchange running tasks for slots that ended only where those are not restarted and too many", () => {
    const { tasks } = changed(seen, "tasks", { Status: { State: "starting" } })
    const gaveUp = copies(1, { ...ended, Slot: 4, Spec: { RestartPolicy: { Condition: "none" } } })
    const none = seen.services.map(
      (service) =>
        mergePatch(service, { Spec: { TaskTemplate: { RestartPolicy: { Condition: "none" } } } }) as EngineObject
    )
    assert.strictEqual(violations(none, [...tasks, ...gaveUp]), "")
    assert.match(violations(none, tasks), /is starting at rest/)
    assert.match(violations(seen.services, [...tasks, ...gaveUp]), /is starting at rest/)
    assert.match(violations(none, [...tasks, ...copies(1, { ...ended, Slot: 4 })]), /is starting at rest/)
  })

  it("let a service be short by slots that ended only where the update is held up", () => {
    const [first, ...others] = seen.tasks
    const gaveUp = copies(1, { ...ended, Slot: first?.["Slot"], Spec: { RestartPolicy: { Condition: "none" } } })
    const updating = seen.services.map(
      (service) => mergePatch(service, { UpdateStatus: { State: "updating" } }) as EngineObject
    )
    assert.strictEqual(violations(seen.services, [...others, ...gaveUp]), "")
    assert.match(violations(updating, [...others, ...gaveUp]), /asks for # tasks and has #/)
    const waiting = { NodeID: "", Status: { State: "pending", PortStatus: {} } }
    const [second = {}, ...rest] = others
    assert.strictEqual(violations(updating, [mergePatch(second, waiting) as EngineObject, ...rest, ...gaveUp]), "")
    assert.match(violations(seen.services, others), /asks for # tasks and has #/)
  })
})

describe("a global service at rest", () => {
  it("may have a task that is held back where there is no room, and nowhere else", () => {
    const seen = changed(atRest(), "tasks", { DesiredState: "ready", Status: { State: "new", PortStatus: {} } })
    const services = seen.services.map(
      (service) => mergePatch(service, { Spec: { Mode: { Replicated: null, Global: {} } } }) as EngineObject
    )
    const violations = (NanoCPUs: number): ReadonlyArray<string> => {
      const nodes = seen.nodes.map((node) =>
        node["ID"] === seen.tasks[0]?.["NodeID"]
          ? (mergePatch(node, { Description: { Resources: { NanoCPUs } } }) as EngineObject)
          : node
      )
      return AtRest.violations({ ...seen, services, nodes }, () => false)
    }
    assert.deepStrictEqual(violations(500_000_000), [])
    assert.match(violations(4_000_000_000).join("\n"), /is wanted ready and new at rest/)
  })
})

describe("a failing game", () => {
  const wait = { command: { do: "wait" }, thenMillis: 500 } as const

  it("loses all moves that its failure does not need", { timeout: 60_000 }, () => {
    // A constraint that the invariants do not understand stops them where its task is assigned.
    const spec = {
      Name: "red",
      TaskTemplate: { ContainerSpec: { Image: "a" }, Placement: { Constraints: ["node.platform.os==linux"] } }
    }
    const create = { command: { do: "create", spec }, thenMillis: 5_000 } as const
    const game: Game = { seed: 1, nodes: [{}, {}, {}], moves: [wait, wait, create, wait, wait] }
    const [violation = ""] = replay(game).violations
    assert.match(violation, /only node.hostname, node.role and node.labels are understood/)
    assert.deepStrictEqual(shrink(game, violation).moves, [create])
  })

  it("is made small without losing its failure", { timeout: 60_000 }, () => {
    const worker = { command: { do: "update", service: "red", patch: { TaskTemplate: 7 } }, thenMillis: 10 } as const
    const game: Game = { seed: 1, nodes: [{}, {}, {}], moves: [wait, wait, worker, wait] }
    // Nothing is wrong with it: nothing may be left out.
    assert.deepStrictEqual(shrink(game, "move 3 (update): something else", 8).moves, game.moves)
  })
})

describe("the command line of the invariants", () => {
  it("takes numbers and says what is wrong", () => {
    assert.deepInclude(parse(["--", "--seeds", "5000", "--minutes", "10"]), { seeds: 5_000, minutes: 10, moves: 120 })
    assert.throws(() => parse(["--seeds", "many"]), /--seeds takes a whole number from 1 on, not "many"/)
    assert.throws(() => parse(["--games", "3"]), /Unknown option '--games'/)
  })
})
