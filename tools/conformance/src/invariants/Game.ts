/**
 * Plays a game: an embedded Swarm, moves from a seed or from a list, the invariants after every commit; then everything is
 * mended and the Swarm must come to rest; then every service is removed and nothing may be left. Equal games give equal digests.
 */
import { createHash, type Hash } from "node:crypto"
import { EventFeed } from "@evenkeel/swarm-sim/api/EventFeed"
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import { Swarm } from "@evenkeel/swarm-sim/swarm/Swarm"
import type { NodeOptions } from "@evenkeel/swarm-sim/swarm/SwarmOptions"
import { virtual } from "@evenkeel/swarm-sim/swarm/VirtualRuntime"
import * as Embedded from "../Embedded.ts"
import { at, type EngineObject, textAt } from "../EngineValue.ts"
import * as Invariants from "../Invariants.ts"
import * as RandomCommands from "../RandomCommands.ts"
import type { Observation } from "../Target.ts"
import * as AtRest from "./AtRest.ts"
import { type Command, type Move, perform } from "./Command.ts"
import * as Machines from "./Machines.ts"
import { finishing, missingImage, serving, zones } from "./RandomSpecs.ts"

/** What a game is played with; `moves` make it independent of the generator that made them. */
export interface Game {
  readonly seed: number
  readonly nodes: ReadonlyArray<NodeOptions>
  readonly moves: ReadonlyArray<Move>
}

export interface Played {
  readonly game: Game
  /** Each with the number of the move after which it was seen. */
  readonly violations: ReadonlyArray<string>
  readonly commits: number
  /** Of everything that was to be seen, commit by commit; empty unless it was asked for. */
  readonly digest: string
}

export interface PlayOptions {
  readonly digest?: boolean
  /** The game ends with the first violation. Default true. */
  readonly stopsEarly?: boolean
}

const heartbeatMillis = 3_000
const gibibyte = 1024 ** 3

/** Three to six nodes, one, three or five of them managers, in two zones, of two sizes. */
const clusterOf = (random: SeededRandom): ReadonlyArray<NodeOptions> => {
  const count = 3 + random.int(4)
  const managers = Math.min(count, 1 + 2 * random.int(3))
  return Array.from({ length: count }, (_, i) => ({
    hostname: `n${i + 1}`,
    role: i < managers ? ("manager" as const) : ("worker" as const),
    labels: { zone: zones[i % 2] ?? "" },
    nanoCpus: (i % 2 === 0 ? 4 : 2) * 1e9,
    memoryBytes: 8 * gibibyte
  }))
}

/** A game of so many random moves. */
export const play = (seed: number, moves: number, options: PlayOptions = {}): Played => {
  const random = new SeededRandom(seed)
  const nodes = clusterOf(random)
  return run(seed, nodes, options, (swarm, done) => (done < moves ? RandomCommands.next(swarm, random) : null))
}

/** The game once more, move by move. */
export const replay = ({ moves, nodes, seed }: Game, options: PlayOptions = {}): Played =>
  run(seed, nodes, options, (_, done) => moves[done] ?? null)

const run = (
  seed: number,
  nodes: ReadonlyArray<NodeOptions>,
  { digest = false, stopsEarly = true }: PlayOptions,
  next: (swarm: Swarm, done: number) => Move | null
): Played => {
  const swarm = new Swarm({
    nodes,
    seed,
    heartbeatMillis,
    runtime: virtual({
      behaviour: ({ spec }) => ({ isImageMissing: textAt(spec, "ContainerSpec", "Image") === missingImage })
    })
  })
  swarm.createNetwork({ Name: "net", Driver: "overlay", Attachable: true })
  Embedded.advance(swarm, 1_000)
  const hash = digest ? createHash("sha256") : null
  const watched = watch(swarm, hash)
  const moves: Array<Move> = []
  const violations: Array<string> = []
  const collect = (when: string, found: ReadonlyArray<string>) => {
    for (const each of found) violations.push(`${when}: ${each}`)
  }
  const isOver = () => stopsEarly && violations.length > 0

  for (let move = next(swarm, 0); move !== null && !isOver(); move = next(swarm, moves.length)) {
    moves.push(move)
    const when = `move ${moves.length} (${move.command.do})`
    try {
      perform(swarm, move.command, watched.drops)
      Embedded.advance(swarm, move.thenMillis)
    } catch (error) {
      collect(when, [error instanceof Error ? (error.stack ?? error.message) : String(error)])
    }
    collect(when, watched.take())
  }
  if (!isOver()) {
    mend(swarm, watched.drops)
    collect("mending", watched.take())
    const seen = Embedded.stored(swarm)
    collect("at rest", [...AtRest.violations(seen, Machines.isSuperseded(swarm)), ...Machines.violations(swarm)])
  }
  if (!isOver()) {
    clear(swarm, watched.drops)
    collect("removing", watched.take())
    collect("at the end", [...AtRest.leftovers(Embedded.stored(swarm)), ...Machines.violations(swarm)])
  }
  const game = { seed, nodes, moves }
  return { game, violations, commits: watched.commits(), digest: hash?.digest("hex") ?? "" }
}

interface Watched {
  readonly drops: Set<string>
  /** What was found since it was last asked. */
  readonly take: () => ReadonlyArray<string>
  readonly commits: () => number
}

/** Looks after every commit, and at the events of every manager's engine. */
const watch = (swarm: Swarm, hash: Hash | null): Watched => {
  const invariants = Invariants.make()
  const drops = new Set<string>()
  const digested = new Set<EngineObject>()
  const hostnames = new Map(
    swarm.list("node").map((node) => [textAt(node, "ID"), swarm.hostnameOf(textAt(node, "ID"))])
  )
  let found: Array<string> = []
  let commits = 0
  let version = swarm.raftIndex()
  const feeds = [...hostnames].map(([nodeId, hostname]) => {
    const feed = new EventFeed({
      swarm,
      nodeId,
      condition: () => swarm.nodeCondition(nodeId),
      drops: () => drops.has(hostname)
    })
    feed.listen(({ action, id }) => {
      if (drops.has(hostname)) found.push(`${hostname} told of the ${action} of ${id} while its events are lost`)
    })
    return feed
  })
  swarm.onChange(() => {
    commits++
    const seen = Embedded.stored(swarm)
    const index = swarm.raftIndex()
    if (index <= version) found.push(`a commit left the version at ${index}; it was ${version}`)
    version = index
    if (swarm.leader() === null && !swarm.internals.managers.hasQuorum) found.push("a commit without a majority")
    found.push(...invariants.check(seen))
    for (const feed of feeds)
      if (feed.recent().length > 256) found.push(`an engine remembers ${feed.recent().length} events`)
    if (hash !== null) write(hash, seen, digested)
  })
  return {
    drops,
    commits: () => commits,
    take: () => {
      const taken = found
      found = []
      return taken
    }
  }
}

/** What is new since the last commit; nodes are shown anew each time. */
const write = (hash: Hash, seen: Observation, digested: Set<EngineObject>): void => {
  hash.update(String(seen.atMillis))
  for (const object of [...seen.services, ...seen.tasks]) {
    if (digested.has(object)) continue
    digested.add(object)
    hash.update(JSON.stringify(object))
  }
  hash.update(JSON.stringify(seen.nodes))
}

const doAll = (swarm: Swarm, drops: Set<string>, commands: ReadonlyArray<Command>): void => {
  for (const command of commands) perform(swarm, command, drops)
}

/** Brings everything back, takes every fault away, gives every service something that serves, and leaves the Swarm alone. */
const mend = (swarm: Swarm, drops: Set<string>): void => {
  const nodes = swarm.list("node").map((node) => textAt(node, "Description", "Hostname"))
  const services = () => swarm.list("service").map((service) => textAt(service, "Spec", "Name"))
  drops.clear()
  for (const node of nodes)
    doAll(swarm, drops, [
      { do: "fault", fault: { _tag: "restore", node } },
      { do: "fault", fault: { _tag: "unhealthy", node, on: false } },
      { do: "fault", fault: { _tag: "slow-start", node, millis: 0 } }
    ])
  for (const service of services())
    doAll(swarm, drops, [
      { do: "fault", fault: { _tag: "unhealthy", service, on: false } },
      { do: "fault", fault: { _tag: "slow-start", service, millis: 0 } }
    ])
  // Flapping nodes come to their end meanwhile.
  Embedded.advance(swarm, 180_000)
  doAll(
    swarm,
    drops,
    nodes.map((node): Command => ({ do: "fault", fault: { _tag: "restore", node } }))
  )
  Embedded.advance(swarm, 60_000)
  for (const node of nodes) perform(swarm, { do: "node", node, patch: { Availability: "active" } }, drops)
  for (const service of swarm.list("service")) {
    const isJob = at(service, "Spec", "Mode", "ReplicatedJob") !== undefined
    perform(
      swarm,
      { do: "update", service: textAt(service, "Spec", "Name"), patch: isJob ? finishing : serving },
      drops
    )
  }
  Embedded.advance(swarm, 900_000)
}

const clear = (swarm: Swarm, drops: Set<string>): void => {
  for (const service of swarm.list("service"))
    perform(swarm, { do: "remove", service: textAt(service, "Spec", "Name") }, drops)
  Embedded.advance(swarm, 120_000)
}
