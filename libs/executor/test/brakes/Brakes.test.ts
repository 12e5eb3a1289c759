import { describe, expect, it } from "vitest"
import { TaskId } from "@evenkeel/domain/Ids"
import type { BrakeName } from "../../src/brakes/Brake.ts"
import * as Brake from "../../src/brakes/Brake.ts"
import * as Brakes from "../../src/brakes/Brakes.ts"
import * as Policy from "../../src/brakes/Policy.ts"
import {
  engagedBy,
  hour,
  minute,
  moveOf,
  moving,
  n,
  nodeOf,
  now,
  pastMove,
  s,
  snapshotOf,
  stateOf,
  type StateInput,
  threeManagers
} from "./Situation.ts"

const pause = (service: string | null, untilMillis: number | null = null): Policy.Pause => ({
  service: service === null ? null : s(service),
  serviceName: service,
  because: "black Friday",
  by: "ann",
  sinceMillis: now - minute,
  untilMillis
})

const lost = (id: string, reachability?: string) =>
  nodeOf(id, { state: "down", ...(reachability ? { reachability } : {}) })

interface Row {
  readonly brake: BrakeName
  readonly what: string
  readonly state: StateInput
  readonly snapshot?: ReturnType<typeof snapshotOf>
  /** The reason, and the end as milliseconds from now; null for no end; absent: not engaged. */
  readonly holds?: readonly [reason: RegExp, untilMillis: number | null]
}

const starts = (count: number, everyMillis: number, input = {}) =>
  Array.from({ length: count }, (_, at) => pastMove(now - (at + 1) * everyMillis, input))

const rows: ReadonlyArray<Row> = [
  { brake: "mode", what: "observe", state: { settings: { mode: "observe" } }, holds: [/observe/, null] },
  { brake: "mode", what: "act", state: {} },
  { brake: "policy-unknown", what: "read", state: {} },
  {
    brake: "policy-unknown",
    what: "not read",
    state: { policyFailure: "no answer" },
    holds: [/cannot be read: no answer/, null]
  },
  {
    brake: "pause",
    what: "all, without an end",
    state: { policy: { ...Policy.none, pauses: [pause(null)] } },
    holds: [/all moves are paused by ann: black Friday/, null]
  },
  {
    brake: "pause",
    what: "one service, with an end",
    state: { policy: { ...Policy.none, pauses: [pause("a", now + hour)] } },
    holds: [/service a is paused/, hour]
  },
  { brake: "pause", what: "one that is over", state: { policy: { ...Policy.none, pauses: [pause(null, now)] } } },
  { brake: "sick-cluster", what: "all well", state: {} },
  {
    brake: "sick-cluster",
    what: "as many nodes lost as may be",
    state: { settings: { sickShare: 0.5 } },
    snapshot: snapshotOf([nodeOf("n1"), nodeOf("n2"), lost("n3"), lost("n4")])
  },
  {
    brake: "sick-cluster",
    what: "one more",
    state: { settings: { sickShare: 0.5 } },
    snapshot: snapshotOf([nodeOf("n1"), lost("n2"), lost("n3")]),
    holds: [/2 of 3 nodes are not ready: n2, n3/, null]
  },
  {
    brake: "sick-cluster",
    what: "nodes that were drained and switched off",
    state: {},
    snapshot: snapshotOf([
      nodeOf("n1"),
      nodeOf("n2", { state: "down", availability: "drain" }),
      nodeOf("n3", { state: "down", availability: "drain" })
    ])
  },
  {
    brake: "sick-cluster",
    what: "a manager lost, and no other may fail",
    state: {},
    snapshot: snapshotOf([...threeManagers.slice(0, 2), lost("n3", "unreachable")]),
    holds: [/2 of 3 managers are reachable: 0 more/, null]
  },
  {
    brake: "sick-cluster",
    what: "the same where that is allowed",
    state: { settings: { quorumMargin: 0 } },
    snapshot: snapshotOf([...threeManagers.slice(0, 2), lost("n3", "unreachable")])
  },
  {
    brake: "sick-cluster",
    what: "a single manager, which never has a margin",
    state: {},
    snapshot: snapshotOf([nodeOf("n1", { reachability: "reachable", leader: true }), nodeOf("n2")])
  },
  {
    brake: "stabilisation",
    what: "a change 10 s ago",
    state: { calmMillis: 10_000 },
    holds: [/waiting for 30s of calm/, 20_000]
  },
  { brake: "stabilisation", what: "calm for long enough", state: { calmMillis: 30_000 } },
  {
    brake: "quarantine",
    what: "in quarantine",
    state: {
      policy: {
        ...Policy.none,
        quarantines: [{ node: n("n2"), hostname: "n2", level: 2, sinceMillis: now - 1, untilMillis: now + minute }]
      }
    },
    holds: [/node n2 comes and goes: quarantine 2/, minute]
  },
  {
    brake: "quarantine",
    what: "over",
    state: {
      policy: {
        ...Policy.none,
        quarantines: [{ node: n("n2"), hostname: "n2", level: 2, sinceMillis: now - 1, untilMillis: now }]
      }
    }
  },
  { brake: "maintenance-window", what: "none named", state: {} },
  {
    brake: "maintenance-window",
    what: "inside",
    state: { settings: { windows: [{ cron: "30 11 * * *", durationMillis: hour, timeZone: "UTC" }] } }
  },
  {
    brake: "maintenance-window",
    what: "outside; the next is tomorrow in Berlin",
    state: { settings: { windows: [{ cron: "0 3 * * *", durationMillis: hour, timeZone: "Europe/Berlin" }] } },
    holds: [/outside the maintenance windows/, 13 * hour]
  },
  { brake: "moves-at-once", what: "none under way", state: {} },
  {
    brake: "moves-at-once",
    what: "one under way",
    state: {},
    snapshot: snapshotOf(threeManagers, { a: moving("op") }),
    holds: [/one move is under way/, null]
  },
  {
    brake: "moves-at-once",
    what: "one under way where two may be",
    state: { settings: { movesAtOnce: 2 } },
    snapshot: snapshotOf(threeManagers, { a: moving("op") })
  },
  {
    brake: "moves-per-cycle",
    what: "as many in a row as may be",
    state: { settings: { movesPerCycle: 3, cycleMillis: 30 * minute }, history: starts(3, 1) },
    holds: [/3 moves have begun in a row/, 10 * minute - 3]
  },
  {
    brake: "moves-per-cycle",
    what: "fewer",
    state: { settings: { movesPerCycle: 3, cycleMillis: 30 * minute }, history: starts(2, 1) }
  },
  {
    brake: "moves-per-hour",
    what: "spent, the one under way included",
    state: { settings: { movesPerHour: 2 }, history: [pastMove(now - 1_000)] },
    snapshot: snapshotOf(threeManagers, { a: moving("other") }),
    holds: [/2 moves have begun/, 30 * minute - 1_000]
  },
  {
    brake: "moves-per-hour",
    what: "filled again after half an hour",
    state: { settings: { movesPerHour: 2 }, history: starts(2, 30 * minute) }
  },
  {
    brake: "service-limit",
    what: "moved as often as it may be",
    state: { settings: { movesPerServiceHour: 2 }, history: starts(2, 1) },
    snapshot: snapshotOf(threeManagers, { a: {}, b: {} }),
    holds: [/service a has been moved as often as it may be: 2 in an hour/, 30 * minute - 2]
  },
  {
    brake: "service-limit",
    what: "others were moved",
    state: { settings: { movesPerServiceHour: 2 }, history: starts(2, 1, { service: s("b") }) },
    snapshot: snapshotOf(threeManagers, { a: {} })
  },
  {
    brake: "undone-back-off",
    what: "the last move was undone",
    state: { history: [pastMove(now - 2_000, { outcome: "undone" }), pastMove(now - 9_000)] },
    snapshot: snapshotOf(threeManagers, { a: {}, b: {} }),
    holds: [/service a is left alone for a while: its last move was undone/, 29_000]
  },
  {
    brake: "undone-back-off",
    what: "the last three moves were undone",
    state: { history: [1, 2, 3].map((i) => pastMove(now - 1_000 - i, { outcome: "undone" })) },
    snapshot: snapshotOf(threeManagers, { a: {} }),
    holds: [/its last 3 moves were undone/, 4 * 30_000 - 1]
  },
  {
    brake: "undone-back-off",
    what: "undone very often: never longer than an hour",
    state: { history: Array.from({ length: 40 }, (_, i) => pastMove(now - 1_000 - i, { outcome: "undone" })) },
    snapshot: snapshotOf(threeManagers, { a: {} }),
    holds: [/its last 40 moves were undone/, hour]
  },
  {
    brake: "undone-back-off",
    what: "a move was completed since",
    state: { history: [pastMove(now - 2_000), pastMove(now - 3_000, { outcome: "undone" })] },
    snapshot: snapshotOf(threeManagers, { a: {} })
  },
  {
    brake: "deploy-cool-down",
    what: "deployed five minutes ago",
    state: {},
    snapshot: snapshotOf(threeManagers, {
      a: {
        previous: { labels: {}, constraints: [], equalsSpec: false, replicas: 1 },
        updatedAt: new Date(now - 5 * minute).toISOString()
      }
    }),
    holds: [/service a was deployed a short while ago/, 10 * minute]
  },
  {
    brake: "deploy-cool-down",
    what: "deployed by a clock that is ahead, where there is no cool-down",
    state: { settings: { coolDownMillis: 0 } },
    snapshot: snapshotOf(threeManagers, {
      a: {
        previous: { labels: {}, constraints: [], equalsSpec: false, replicas: 1 },
        updatedAt: new Date(now + 5 * minute).toISOString()
      }
    })
  },
  {
    brake: "deploy-cool-down",
    what: "moved, not deployed",
    state: {},
    snapshot: snapshotOf(threeManagers, {
      a: {
        previous: { labels: {}, constraints: [], equalsSpec: true, replicas: 1 },
        updatedAt: new Date(now - 5 * minute).toISOString()
      }
    })
  },
  {
    brake: "consent",
    what: "not now",
    state: { refusals: [{ service: s("a"), serviceName: "a", reason: "said not now", untilMillis: now + 5 }] },
    holds: [/service a: said not now/, 5]
  },
  {
    brake: "consent",
    what: "the time is over",
    state: { refusals: [{ service: s("a"), serviceName: "a", reason: "said not now", untilMillis: now }] }
  }
]

describe("each brake", () => {
  for (const { brake, holds, snapshot, state, what } of rows)
    it(`${brake}: ${what}: ${holds === undefined ? "free" : "holds"}`, () => {
      const engaged = engagedBy(brake, state, snapshot)
      if (holds === undefined) return expect(engaged).toEqual([])
      const [reason, until] = holds
      expect(engaged).toHaveLength(1)
      expect(engaged[0]?.brake).toBe(brake)
      expect(engaged[0]?.reason).toMatch(reason)
      expect(engaged[0]?.untilMillis).toBe(until === null ? null : now + until)
    })

  it("node-limit: counts moves to and from the node", () => {
    const state = {
      settings: { movesPerNodeHour: 2 },
      history: [pastMove(now - 1), pastMove(now - 2, { from: n("n2"), to: n("n3") })]
    }
    expect(engagedBy("node-limit", state).map(({ scope }) => scope)).toEqual([{ kind: "node", node: "n2", name: "n2" }])
  })

  it("task-age: refuses the very move", () => {
    const snapshot = snapshotOf(threeManagers, { a: {} })
    const task = snapshot.tasks[0]
    const born = Date.parse(task?.createdAt ?? "")
    const refuses = (at: number, settings = {}) =>
      Brakes.brakes["task-age"].refuses?.(moveOf("a"), { state: stateOf({ settings }), snapshot, nowMillis: at })
    expect(refuses(born + 9_999)).toMatchObject({ brake: "task-age", untilMillis: born + 10_000 })
    expect(refuses(born + 10_000)).toBeNull()
    expect(refuses(born - minute, { taskAgeMillis: 0 }), "a clock that is ahead").toBeNull()
  })

  it("has a row here that holds, or a test of its own", () => {
    const shown = new Set(rows.filter(({ holds }) => holds !== undefined).map(({ brake }) => brake))
    expect(Brake.names.filter((name) => !shown.has(name))).toEqual(["node-limit", "task-age"])
  })
})

describe("what engaged brakes leave", () => {
  const snapshot = snapshotOf(threeManagers, { a: {}, b: {} })
  const heldBy = (input: StateInput) => {
    const state = stateOf(input)
    return Brakes.held(Brakes.engaged(state, snapshot, now), state, snapshot, now)
  }
  const approval: Policy.Approval = {
    by: "ann",
    atMillis: now - 1,
    untilMillis: now + hour,
    basedOn: snapshot.raftIndex,
    moves: [{ service: s("a"), task: TaskId.make("a.1"), from: n("n1") }]
  }

  it("a paused service is the planner's business, and the others may move", () => {
    const held = heldBy({ policy: { ...Policy.none, pauses: [pause("a")] } })
    expect(held.halted).toBeNull()
    expect([...held.planner.pausedServices]).toEqual(["a"])
    expect(held.refuses(moveOf("b"))).toBeNull()
  })
  it("a node in quarantine neither gets nor gives", () => {
    const quarantine = { node: n("n2"), hostname: "n2", level: 1, sinceMillis: now, untilMillis: now + minute }
    expect([...heldBy({ policy: { ...Policy.none, quarantines: [quarantine] } }).planner.excludedNodes]).toEqual(["n2"])
  })
  it("a pause of all halts", () => {
    expect(heldBy({ policy: { ...Policy.none, pauses: [pause(null)] } }).halted?.brake).toBe("pause")
  })
  it("an approved plan goes past the mode, and only its own moves do", () => {
    const held = heldBy({ settings: { mode: "observe" }, policy: { ...Policy.none, approval } })
    expect(held.halted).toBeNull()
    expect(held.refuses(moveOf("a"))).toBeNull()
    expect(held.refuses(moveOf("b"))?.brake).toBe("mode")
  })
  it("an approved plan does not go past a pause", () => {
    expect(heldBy({ policy: { ...Policy.none, approval, pauses: [pause(null)] } }).halted?.brake).toBe("pause")
  })
  it("an approval that is over is none", () => {
    const over = { ...approval, untilMillis: now }
    expect(heldBy({ settings: { mode: "observe" }, policy: { ...Policy.none, approval: over } }).halted?.brake).toBe(
      "mode"
    )
  })
  it("thresholds are the planner's", () => {
    expect(heldBy({ settings: { maxServiceSkew: 2 } }).planner).toMatchObject({ maxServiceSkew: 2, maxGroupSkew: 1 })
    expect(heldBy({}).planner.allowGaps).toBe(false)
    expect(heldBy({ settings: { allowGaps: true } }).planner.allowGaps).toBe(true)
  })
})

describe("an approval", () => {
  it("loses the moves that were undone since", () => {
    const approval: Policy.Approval = {
      by: "ann",
      atMillis: now,
      untilMillis: now + hour,
      basedOn: snapshotOf().raftIndex,
      moves: ["a", "b"].map((id) => ({ service: s(id), task: TaskId.make(`${id}.1`), from: n("n1") }))
    }
    const undone = pastMove(now + 1, { outcome: "undone" })
    expect(Policy.withoutUndone(approval, [undone]).moves).toEqual([approval.moves[1]])
    expect(Policy.withoutUndone(approval, [pastMove(now - 1, { outcome: "undone" })])).toBe(approval)
  })
})
