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

interface Leadership {
  readonly nodeId: string
  readonly scope: Scope
  readonly scheduler: Scheduler
}

export class Managers {
  readonly #machine: Machine
  readonly #fleet: Fleet
  /** Members of the raft group. */
  readonly members = new Set<string>()
  #leadership: Leadership | null = null
  #cancelElection: (() => void) | null = null

  constructor(machine: Machine, fleet: Fleet) {
    this.#machine = machine
    this.#fleet = fleet
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
    if (leader !== null) this.#stepDown()
    if (!this.hasQuorum) {
      this.#cancelElection?.()
      this.#cancelElection = null
    } else if (this.#cancelElection === null)
      this.#electAfter(this.#machine.random.between(...this.#machine.timings.election), null)
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
      const at = candidates.length === 1 ? 0 : this.#machine.choices.pick({ kind: "leader", candidates })
      const winner = candidates[at]
      if (winner !== undefined) this.#lead(winner, false)
    })
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
    this.#leadership = { nodeId, scope, scheduler }
    watchRemovals(machine, scope, [restarts])
    allocator.start()
    scheduler.start()
    for (const orchestrator of orchestrators) orchestrator.start()
    dispatcher.start(isFirst)
  }
}
