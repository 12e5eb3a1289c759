/**
 * What a router believes about a node. A node is suspect when its router is silent (told from outside) or when two of its
 * endpoints do not answer the network within a short time (seen here): connections to them timed out, or stay unanswered while
 * nothing else comes from the node. A refused connection is an answer: the node lives.
 * A node whose tasks answered a moment ago is not suspect for its router's silence: only the router is gone.
 * Suspicion from outside ends from outside, or by the word of an endpoint that answers; the router's own ends when an
 * endpoint answers, when the node gets a new task, or by a probe after a back-off.
 */
import { Backoff } from "./Backoff.ts"
import type { Endpoint } from "./Endpoint.ts"
import { NodeQuestions } from "./NodeQuestions.ts"

/**
 * An answer younger than this outweighs three missed heartbeats. Shorter than these take, so that the last answer of a node
 * that has died since is not counted.
 */
const vouchesForMs = 600
/** So long requests may be under way without any answer of the node before its router's silence counts after all. */
const vouchLapsesAfterMs = 1_500

export class NodeHealth {
  readonly id: string
  readonly endpoints = new Set<Endpoint>()
  readonly backoff = new Backoff()
  private silent = false
  /** An endpoint answered since the silence began: only the node's router is gone. */
  private vouchedFor = false
  private answeredAt = -Infinity
  private readonly questions = new NodeQuestions()
  private readonly timeouts = new Map<string, number>()

  constructor(id: string) {
    this.id = id
  }

  /** Whether requests should stay away as long as they can go elsewhere. */
  isSuspect(): boolean {
    return (this.silent && !this.vouchedFor) || this.backoff.isOut()
  }

  admits(now: number): boolean {
    return !(this.silent && !this.vouchedFor) && this.backoff.admits(now)
  }

  /** Returns whether the node became suspect by this. */
  setSilent(silent: boolean, now: number): boolean {
    const before = this.isSuspect()
    if (silent !== this.silent) this.vouchedFor = silent && now - this.answeredAt < vouchesForMs
    this.silent = silent
    return !before && this.isSuspect()
  }

  /**
   * Whether the word of the node's tasks no longer counts against its router's silence: they were asked and have not answered
   * for a while. The node is then suspect.
   */
  lapses(now: number): boolean {
    if (!this.silent || !this.vouchedFor || now - this.answeredAt < vouchLapsesAfterMs) return false
    let asked = false
    for (const endpoint of this.endpoints) if (endpoint.outstanding > 0) asked = true
    if (asked) this.vouchedFor = false
    return asked
  }

  /** An endpoint answered. Returns whether that ended a suspicion. */
  answered(now: number): boolean {
    this.answeredAt = now
    if (!this.silent && !this.backoff.isOut()) return false
    const before = this.isSuspect()
    this.vouchedFor = this.silent
    this.timeouts.clear()
    this.backoff.succeed()
    return before
  }

  /** A connection to `task` got no answer from the network. Returns whether `atLeast` tasks did so within `windowMs`. */
  noteTimeout(task: string, now: number, windowMs: number, atLeast: number): boolean {
    this.timeouts.set(task, now)
    for (const [other, at] of this.timeouts) if (now - at > windowMs) this.timeouts.delete(other)
    return this.timeouts.size >= atLeast
  }

  /** To be called with every tick. Returns whether nothing answers there, neither requests nor connections. */
  isUnheard(now: number, unheardMs: number): boolean {
    return this.questions.look(this.endpoints, this.answeredAt, now, unheardMs)
  }

  /** Asks no more whether it is there. */
  endQuestions(): void {
    this.questions.end()
  }

  /** The node has a new task: Swarm thinks it well. Returns whether that ended a suspicion. */
  gotTask(): boolean {
    const before = this.isSuspect()
    this.timeouts.clear()
    this.backoff.succeed()
    return before && !this.isSuspect()
  }
}
