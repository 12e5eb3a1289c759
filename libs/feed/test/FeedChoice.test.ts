import { describe, expect, it } from "@effect/vitest"
import { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as FeedChoice from "../src/FeedChoice.ts"

interface Feed {
  readonly raft: number
  readonly quorum?: boolean
  readonly connected?: boolean
  readonly instance?: string
  readonly sequence?: number
}

/** Feeds by name; each gets a table of its own, to tell them apart. */
const feeds = (of: Readonly<Record<string, Feed>>): ReadonlyArray<FeedChoice.Candidate> =>
  Object.entries(of).map(([source, feed]) => ({
    source,
    connected: feed.connected ?? true,
    version: {
      instance: feed.instance ?? `of-${source}`,
      sequence: feed.sequence ?? 1,
      raftIndex: feed.raft,
      quorum: feed.quorum ?? true,
      confirmedAtMillis: 1
    },
    table: new RoutingTable({ ...RoutingTable.empty })
  }))

type Step = readonly [nowMillis: number, feeds: Readonly<Record<string, Feed>>]

const play = (...steps: ReadonlyArray<Step>): string | null => {
  const end = steps.reduce((choice, [now, of]) => FeedChoice.choose(choice, feeds(of), now), FeedChoice.none)
  return end.current === null ? null : `${end.current.source}@${end.current.version.raftIndex}`
}

const cases: ReadonlyArray<readonly [name: string, steps: ReadonlyArray<Step>, expected: string | null]> = [
  ["nothing is known", [[0, {}]], null],
  ["a feed that is not connected is no start", [[0, { a: { raft: 5, connected: false } }]], null],
  ["the first one is taken, quorum or not", [[0, { a: { raft: 5, quorum: false } }]], "a@5"],
  ["of several at first, quorum beats a higher index", [[0, { a: { raft: 9, quorum: false }, b: { raft: 5 } }]], "b@5"],
  ["of several with quorum, the later one", [[0, { a: { raft: 5 }, b: { raft: 6 } }]], "b@6"],
  ["equal ones: by name, so that all routers agree", [[0, { b: { raft: 5 }, a: { raft: 5 } }]], "a@5"],
  [
    "a tie keeps the current one",
    [
      [0, { b: { raft: 5 } }],
      [1, { a: { raft: 5 }, b: { raft: 5 } }]
    ],
    "b@5"
  ],
  [
    "a later one takes over",
    [
      [0, { a: { raft: 5 } }],
      [1, { a: { raft: 5 }, b: { raft: 6 } }]
    ],
    "b@6"
  ],
  [
    "one without quorum does not, however late",
    [
      [0, { a: { raft: 5 } }],
      [60_000, { a: { raft: 5 }, b: { raft: 9, quorum: false } }]
    ],
    "a@5"
  ],
  [
    "the current one lost its quorum: an equal one with quorum takes over",
    [
      [0, { a: { raft: 5 } }],
      [1, { a: { raft: 5, quorum: false }, b: { raft: 5 } }]
    ],
    "b@5"
  ],
  [
    "the current one follows itself, sequence by sequence",
    [
      [0, { a: { raft: 5 } }],
      [1, { a: { raft: 7, sequence: 2 }, b: { raft: 6 } }]
    ],
    "a@7"
  ],
  [
    "the feed is gone: its table stays",
    [
      [0, { a: { raft: 5 } }],
      [60_000, { a: { raft: 5, connected: false } }]
    ],
    "a@5"
  ],
  [
    "the feed is forgotten: its table stays",
    [
      [0, { a: { raft: 5 } }],
      [60_000, {}]
    ],
    "a@5"
  ],
  [
    "the feed is gone: an equal one takes over",
    [
      [0, { a: { raft: 5 } }],
      [1, { a: { raft: 5, connected: false }, b: { raft: 5 } }]
    ],
    "b@5"
  ],
  [
    "the feed is gone: an earlier one does not, at first",
    [
      [0, { a: { raft: 5 } }],
      [1, { b: { raft: 4 } }],
      [10_000, { b: { raft: 4 } }]
    ],
    "a@5"
  ],
  [
    "after ten seconds of a quorum saying so, it does",
    [
      [0, { a: { raft: 5 } }],
      [1, { b: { raft: 4 } }],
      [10_001, { b: { raft: 4 }, c: { raft: 3 } }]
    ],
    "b@4"
  ],
  [
    "without a quorum it never does",
    [
      [0, { a: { raft: 5 } }],
      [1, { b: { raft: 4, quorum: false } }],
      [60_000, { b: { raft: 4, quorum: false } }]
    ],
    "a@5"
  ],
  [
    "one feed with quorum that agrees stops the count",
    [
      [0, { a: { raft: 5 } }],
      [1, { b: { raft: 4 } }],
      [9_000, { a: { raft: 5 }, b: { raft: 4 } }],
      [10_002, { b: { raft: 4 } }],
      [19_000, { b: { raft: 4 } }]
    ],
    "a@5"
  ],
  [
    "the same rebalancer, restarted, with an earlier index waits like any other",
    [
      [0, { a: { raft: 5 } }],
      [1, { a: { raft: 4, instance: "new" } }]
    ],
    "a@5"
  ],
  [
    "the same rebalancer, restarted, at the same index goes on",
    [
      [0, { a: { raft: 5 } }],
      [1, { a: { raft: 5, instance: "new" } }],
      [2, { a: { raft: 5, instance: "new", sequence: 2 } }]
    ],
    "a@5"
  ]
]

describe("FeedChoice", () => {
  it.each(cases)("%s", (_, steps, expected) => {
    expect(play(...steps)).toBe(expected)
  })

  it("puts the table in force that belongs to the version", () => {
    const [a] = feeds({ a: { raft: 5 } })
    const [restarted] = feeds({ a: { raft: 5, instance: "new", sequence: 4 } })
    if (a === undefined || restarted === undefined) throw new Error("no feed")
    const first = FeedChoice.choose(FeedChoice.none, [a], 0)
    expect(first.current?.table).toBe(a.table)
    const second = FeedChoice.choose(first, [restarted], 1)
    expect(second.current).toEqual({ source: "a", version: restarted.version, table: restarted.table })
    expect(second.current?.table).toBe(restarted.table)
  })
})
