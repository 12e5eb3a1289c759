import { expect, it } from "vitest"
import type { StreamReport } from "@evenkeel/drill/StreamTally"
import { streamsOf } from "../src/Clients.ts"

const streams = (change: Partial<StreamReport>): StreamReport => ({
  openAtStart: {},
  opened: 8,
  completed: 0,
  endedByServer: 0,
  broken: 0,
  brokenByNode: {},
  onDeadNode: 0,
  refused: 0,
  messages: 100,
  wrong: 0,
  longestAwayMs: 0,
  stillAway: 0,
  ...change
})

it("Clients.streamsOf sums phases and kinds, and takes who is away from the last phase", () => {
  const phase = (sse: Partial<StreamReport>, websocket: Partial<StreamReport>) =>
    ({ streams: { sse: streams(sse), websocket: streams(websocket) } }) as never
  expect(
    streamsOf([
      phase({ broken: 2, longestAwayMs: 40, stillAway: 3 }, { onDeadNode: 1 }),
      phase({ refused: 4 }, { longestAwayMs: 70, stillAway: 1 })
    ])
  ).toEqual({ opened: 32, broken: 7, longestAwayMs: 70, stillAway: 1 })
})
