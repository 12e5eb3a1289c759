/**
 * Which manager leads, and what lives and dies with its leadership: orchestrators, allocator, scheduler, dispatcher. Raft itself
 * is not simulated: while more than half of the managers reach each other one of them leads, and a new one follows a lost one
 * after an election.
 */
import { Allocator } from "./Allocator.ts"
import { ConstraintEnforcer } from "./ConstraintEnforcer.ts"
import { Dispatcher } from "./Dispatcher.ts"
import type { Fleet } from "./Fleet.ts"
import { GlobalOrchestrator } from "./GlobalOrchestrator.ts"
import { JobOrchestrator } from "./JobOrchestrator.ts"
import { type Machine, Scope } from "./Machine.ts"
import { ReplicatedOrchestrator } from "./ReplicatedOrchestrator.ts"
import { Restarts } from "./Restarts.ts"
import { Scheduler } from "./Scheduler.ts"
import { watchRemovals } from "./ServiceRemoval.ts"
import { TaskReaper } from "./TaskReaper.ts"
import { TaskWatch } from "./TaskWatch.ts"
import { Updates } from "./Updater.ts"

/** How long a leader that was told to step down leaves the Swarm without one. */
const transferMillis = 200

/** How long a manager that hears nobody waits before it stands for election, with a higher term (swarmkit `ElectionTick`). */
const electionTimeoutMillis = 10_000

/** From its return until the others have seen the higher term. */
const termSeenMillis = [200, 900] as const

/** What a leader did while it had lost its majority and did not know: in its log, and written once there is a majority again. */
interface Unfinished {
  readonly leader: string
  /** When it found out and stood down. */
  readonly untilMillis: number
  /** Nodes that fell silent, and when each was to be called DOWN. */
  readonly silent: ReadonlyMap<string, number>
}

interface Leadership {
  readonly nodeId: string
  readonly scope: Scope
  readonly scheduler: Scheduler
  readonly dispatcher: Dispatcher
}

export class Managers {
  readonly #machine: Machine
  readonly #fleet: Fleet
  /** Members of the raft group. */
  readonly members = new Set<string>()
  #leadership: Leadership | null = null
  #cancelElection: (() => void) | null = null
  #unfinished: Unfinished | null = null
  readonly #onElected: () => void

  /** `onElected` is told of every leader but the first. */
  constructor(machine: Machine, fleet: Fleet, onElected: () => void) {
    this.#machine = machine
    this.#fleet = fleet
    this.#onElected = onElected
  }

  get leader(): string | null {
    return this.#leadership?.nodeId ?? null
  }

  /** The leader's scheduler, for invariants. */
  get scheduler(): Scheduler | null {
    return this.#leadership?.scheduler ?? null
  }

  get reachable(): ReadonlyArray<string> {
    return [...this.members].filter((id) => this.#fleet.isUp(id))
  }

  get hasQuorum(): boolean {
    return this.reachable.length * 2 > this.members.size
  }

  /** The first leader, of a Swarm that begins. */
  begin(nodeId: string): void {
    this.#lead(nodeId, true)
  }

  /** Looks again, after machines have changed. */
  reachabilityChanged(): void {
    const leader = this.leader
    if (leader !== null && this.#fleet.isUp(leader) && this.members.has(leader) && this.hasQuorum) return
    if (leader !== null && !this.hasQuorum && this.#fleet.isUp(leader)) this.#losesMajority(leader)
    if (leader !== null) this.#stepDown()
    if (!this.hasQuorum) {
      this.#cancelElection?.()
      this.#cancelElection = null
    } else if (this.#cancelElection === null)
      this.#electAfter(this.#machine.random.between(...this.#machine.timings.election), null)
  }

  /** A manager that was cut off is back. Away for long it has a higher term than the leader, who then stands down. */
  returned(nodeId: string, awayMillis: number): void {
    const isForeign = () => this.leader !== null && this.leader !== nodeId
    if (!this.members.has(nodeId) || !isForeign() || awayMillis < electionTimeoutMillis) return
    const { agenda, choices, random, timings } = this.#machine
    if (choices.pick({ kind: "term", manager: nodeId, candidates: ["kept", "raised"] }) === 0) return
    agenda.schedule(random.between(...termSeenMillis), () => {
      if (!isForeign()) return
      this.#stepDown()
      this.#electAfter(random.between(...timings.election), null)
    })
  }

  /** What it would write from now on stays in its log, until it notices. */
  #losesMajority(leader: string): void {
    const { agenda, random } = this.#machine
    const untilMillis = agenda.nowMillis + random.between(electionTimeoutMillis, 2 * electionTimeoutMillis)
    this.#unfinished = { leader, untilMillis, silent: new Map(this.#leadership?.dispatcher.silentNodes) }
  }

  /** Writes what the last leader could not; only it can be elected then, because its log is longer than the others'. */
  #finish({ silent, untilMillis }: Unfinished): void {
    const { agenda, store } = this.#machine
    store.update((transaction) => {
      for (const [id, dueMillis] of silent) {
        const node = store.nodes.get(id)
        if (node === undefined || dueMillis > Math.min(untilMillis, agenda.nowMillis)) continue
        transaction.put({ ...node, state: "down", message: "heartbeat failure" })
      }
    })
  }

  /** The leader hands over to another manager, if there is one that can lead. */
  transfer(): boolean {
    const { leader } = this
    if (leader === null || this.reachable.length < 2) return false
    this.#stepDown()
    this.#electAfter(transferMillis, leader)
    return true
  }

  #electAfter(delayMillis: number, except: string | null): void {
    this.#cancelElection = this.#machine.agenda.schedule(delayMillis, () => {
      this.#cancelElection = null
      const candidates = this.reachable.filter((id) => id !== except)
      if (!this.hasQuorum || candidates.length === 0) return
      const unfinished = this.#unfinished
      this.#unfinished = null
      const winner = candidates.find((id) => id === unfinished?.leader) ?? this.#elect(candidates)
      if (unfinished !== null && winner === unfinished.leader) this.#finish(unfinished)
      if (winner !== undefined) this.#lead(winner, false)
    })
  }

  #elect(candidates: ReadonlyArray<string>): string | undefined {
    return candidates[candidates.length === 1 ? 0 : this.#machine.choices.pick({ kind: "leader", candidates })]
  }

  #stepDown(): void {
    this.#leadership?.scope.close()
    this.#leadership = null
    this.#fleet.attach(null, false)
  }

  #lead(nodeId: string, isFirst: boolean): void {
    const machine = this.#machine
    const scope = new Scope(machine.agenda)
    const watch = new TaskWatch(machine.store, scope)
    const restarts = new Restarts(machine, scope, watch)
    const updates = new Updates({ machine, scope, restarts, watch })
    const allocator = new Allocator(machine, scope)
    const scheduler = new Scheduler(machine, scope)
    const orchestrators = [
      new ReplicatedOrchestrator(machine, scope, restarts, updates),
      new GlobalOrchestrator(machine, scope, restarts, updates),
      new JobOrchestrator(machine, scope, restarts),
      new ConstraintEnforcer(machine, scope),
      new TaskReaper(machine, scope)
    ]
    const dispatcher = new Dispatcher(machine, scope, this.#fleet)
    this.#leadership = { nodeId, scope, scheduler, dispatcher }
    watchRemovals(machine, scope, [restarts])
    allocator.start(isFirst)
    scheduler.start()
    for (const orchestrator of orchestrators) orchestrator.start()
    dispatcher.start(isFirst)
    if (!isFirst) this.#onElected()
  }
}
