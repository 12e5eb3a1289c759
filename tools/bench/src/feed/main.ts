/** `bench:feed`: see `--help`. One rebalancer's feed, many routers, and one that does not read. */
import { parseArgs } from "node:util"
import { setTimeout as sleep } from "node:timers/promises"
import { Missing } from "../Children.ts"
import { LightRouters } from "../LightRouters.ts"
import * as Quantile from "../Quantile.ts"
import { holds, json, line, type Measure, none, told } from "../Verdict.ts"
import { type Feed, type FeedState, startFeed } from "./Feed.ts"
import { comeBack, startStuck } from "./StuckRouter.ts"

const gateMs = 1_000
const aimMs = 400
const mebibyte = 1 << 20
const mostChanges = 5_000
/** What is held back for a router that does not read, and the garbage of making it. */
const stuckGateMiB = 32

const help = `Usage: nx run bench:feed [-- FLAGS]

Feeds many routers from one rebalancer's feed, a process of its own: how long until all have a change, and what it costs. Then
one router stops reading while a fifth of the table changes again and again: it is cut off, and gets what it missed.

  --routers N      [1000]
  --services N     services in the table, of ten tasks each [500]
  --changes N      changes of one service [50]
  --json           the result as JSON on stdout

Exit code: 0 when every gate holds, 1 when one does not, 64 for a wrong command line, 69 where it cannot be measured: it needs Linux.
`

interface Settings {
  readonly routers: number
  readonly services: number
  readonly changes: number
}

const spreading = async (feed: Feed, { changes, routers: count }: Settings): Promise<ReadonlyArray<Measure>> => {
  const memoryBefore = feed.memoryBytes()
  const began = performance.now()
  const routers = new LightRouters(feed.url, count)
  try {
    await routers.allHave(1)
    const connectedMs = performance.now() - began
    const tableBytes = routers.bytes / count
    const memoryEach = (feed.memoryBytes() - memoryBefore) / count
    const times: Array<number> = []
    const cpuBefore = feed.cpuSeconds()
    for (let change = 0; change < changes; change++) {
      const all = routers.allHave(change + 2)
      const from = performance.now()
      feed.change(1)
      await all
      times.push(performance.now() - from)
      await sleep(20)
    }
    const cpuMs = ((feed.cpuSeconds() - cpuBefore) * 1_000) / changes
    const restFrom = feed.cpuSeconds()
    await sleep(2_000)
    const { routers: connected } = await feed.state()
    const p99 = Quantile.of(times, 0.99)
    return [
      { what: "a change until all have it, p99", value: p99, unit: "ms", gate: gateMs, aim: aimMs },
      told("the same, p50", Quantile.of(times, 0.5), "ms"),
      none("routers that are not connected", count - connected),
      none("tables sent beyond one each", routers.tables - count),
      told("all connected and given the table after", connectedMs, "ms"),
      told("table, KiB", tableBytes / 1_024),
      told("change, bytes", (routers.bytes - tableBytes * count) / Math.max(1, routers.deltas)),
      told("CPU of the feed for a change", cpuMs, "ms"),
      told("CPU of the feed at rest, % of a core", (feed.cpuSeconds() - restFrom) * 50),
      told("memory of the feed for each router, KiB", memoryEach / 1_024)
    ]
  } finally {
    routers.stop()
  }
}

const backpressure = async (feed: Feed, { services }: Settings): Promise<ReadonlyArray<Measure>> => {
  // Large changes make garbage whoever reads: what comes on top is the stuck router's.
  const churn = async (
    until: (state: FeedState) => boolean
  ): Promise<{ readonly most: number; readonly changes: number }> => {
    let most = 0
    for (let changes = 1; ; changes++) {
      feed.change(Math.ceil(services / 5))
      const state = await feed.state()
      most = Math.max(most, feed.memoryBytes())
      if (until(state) || changes === mostChanges) return { most, changes }
    }
  }
  let left = 200
  const { most: without } = await churn(() => --left === 0)
  const stuck = await startStuck(feed.url)
  const { changes, most } = await churn(({ routers }) => routers === 0)
  const { cut, routers, sequence } = await feed.state()
  const measures: ReadonlyArray<Measure> = [
    none("routers that do not read and are still served", routers),
    {
      what: "memory of the feed grew meanwhile by, MiB",
      value: Math.max(0, most - without) / mebibyte,
      unit: "",
      gate: stuckGateMiB,
      aim: stuckGateMiB / 2
    },
    told("changes until then", changes),
    told("cut off for its backlog (1) or for want of a pong (0)", cut)
  ]
  if (routers > 0) return measures
  const held = await stuck.readAgain()
  const kinds = await comeBack(feed.url, held, sequence)
  const missed = sequence - held.sequence
  const [tables, deltas] = ["table", "delta"].map((wanted) => kinds.filter((kind) => kind === wanted).length)
  return [
    ...measures,
    none("changes that it lacks when it has come back", tables === 0 ? missed - (deltas ?? 0) : 0),
    told("changes that it missed", missed),
    told("tables that it was sent when it came back", tables ?? 0),
    told("changes that it was sent instead", deltas ?? 0)
  ]
}

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    strict: true,
    options: {
      routers: { type: "string", default: "1000" },
      services: { type: "string", default: "500" },
      changes: { type: "string", default: "50" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const [routers = 0, services = 0, changes = 0] = [values.routers, values.services, values.changes].map(Number)
  if (![routers, services, changes].every((number) => Number.isInteger(number) && number > 0)) {
    process.stderr.write("bench:feed: --routers, --services and --changes take whole numbers above 0\n")
    return 64
  }
  const settings: Settings = { routers, services, changes }
  const feed = await startFeed(services)
  try {
    const measures = [...(await spreading(feed, settings)), ...(await backpressure(feed, settings))]
    const passed = measures.every(holds)
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ ...settings, measures: measures.map(json), passed }, undefined, 2)}\n`
        : `${routers} routers, ${services} services of ten tasks\n${measures.map(line).join("\n")}\n`
    )
    return passed ? 0 : 1
  } finally {
    await feed.stop()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`bench:feed: ${error instanceof Error ? error.message : String(error)}\n`)
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  process.exitCode = error instanceof Missing ? 69 : code.startsWith("ERR_PARSE_ARGS") ? 64 : 1
}
