/**
 * What `evenkeel drill` does: watches, takes the node out of service, watches, brings it back, rebalances, watches, and tells
 * what the requests came to. However it ends, also by Ctrl-C, the node takes tasks again.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { NodeId } from "@evenkeel/domain/Ids"
import type { Node } from "@evenkeel/domain/Node"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as ApplyMoves from "../ApplyMoves.ts"
import * as Asking from "../Asking.ts"
import type { options } from "../commands/drill.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as Probing from "../drill/Probing.ts"
import * as Targets from "../drill/Targets.ts"
import * as ExitCode from "../ExitCode.ts"
import * as NodeAvailability from "../NodeAvailability.ts"
import * as NodeEmptying from "../NodeEmptying.ts"
import { inOwnFiber } from "../OwnFiber.ts"
import * as Rebalancing from "../Rebalancing.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import * as DrillView from "../views/DrillView.ts"
import * as Problems from "../views/Problems.ts"
import { withEngine } from "../WithEngine.ts"

type Asked = Given<typeof options>

/** Represents a node that is out of service already: a drill would show nothing. Nothing was changed. */
export class NodeNotInService extends Schema.TaggedError<NodeNotInService>()("NodeNotInService", {
  node: NodeId,
  hostname: Schema.String,
  state: Schema.String,
  availability: Schema.String
}) {
  override get message(): string {
    return `${this.hostname} is ${this.state} and its availability is ${this.availability}: a drill begins with a node that is ready and active. Look: evenkeel node ls`
  }
}

/** Represents requests that fail before the node is touched: a drill would not show what it does to them. Nothing was changed. */
export class ProbesFail extends Schema.TaggedError<ProbesFail>()("ProbesFail", {
  failed: Schema.Int,
  sent: Schema.Int,
  /** Of the first one. */
  why: Schema.String
}) {
  override get message(): string {
    return this.sent === 0
      ? "no request was sent before the node was to leave: raise --hold or --rate. Nothing was changed"
      : `${this.failed} of ${this.sent} requests failed before anything was touched (${this.why}): nothing was changed. Mend that, or the URL, first`
  }
}

export const run = (given: Asked) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const client = yield* SwarmClient
    const targets = yield* Targets.of(given.url, given.header)
    const { problems, snapshot } = yield* client.reading
    const node = yield* NodeAvailability.find(snapshot, given.node)
    if (!node.isSchedulable) {
      const { availability, hostname, id, state } = node
      return yield* new NodeNotInService({ node: id, hostname, state, availability })
    }
    const consequence = given.now
      ? NodeAvailability.consequence(snapshot, node)
      : NodeEmptying.consequence(yield* NodeEmptying.survey(node, given.forceRest), node)
    for (const { problem, subject } of Problems.of(snapshot, problems, yield* Clock.currentTimeMillis))
      yield* screen.tell(`Beforehand, ${subject}: ${problem}.`)
    yield* screen.tell(intention(given, node, targets.length))
    yield* screen.tell(consequence)
    const command = `evenkeel drill ${given.node}`
    yield* Asking.confirm({ command, question: `Take ${node.hostname} out of service and back?`, yes: given.yes })

    const probing = yield* Probing.start({
      targets,
      ratePerS: given.rate,
      timeoutMs: given.requestTimeout,
      firstPhase: "before"
    })
    const { movesAfter, servicesMoved } = yield* Effect.onError(through(given, node, probing), () =>
      Effect.flatMap(tableOf(given, probing), screen.tell)
    )
    yield* probing.finish
    const { failed, failures } = probing.tally
    const phases = probing.tally.results(yield* Clock.currentTimeMillis)
    const sent = phases.reduce((sum, phase) => sum + phase.sent, 0)
    const { hostname, id } = node
    const report = { node: id, hostname, phases, sent, failed, failures, servicesMoved, movesAfter }
    yield* Result.show(given, "DrillReport", report, DrillView.render)
    if (failed > 0) return yield* new ExitCode.ExitWith({ exitCode: ExitCode.requestsFailed })
  }).pipe(Effect.scoped, withEngine(given))

const tableOf = (given: Asked, { tally }: Probing.Probing) =>
  Effect.zipWith(Clock.currentTimeMillis, Result.stderrView(given), (now, view) =>
    DrillView.table(tally.results(now), view)
  )

const intention = ({ hold, rate }: Asked, { hostname }: Node, urls: number): string =>
  `This drill asks ${urls === 1 ? "the URL" : `the ${urls} URLs`} ${rate} times a second all the while, waits ${hold / 1_000} s, takes ${hostname} out of service, waits ${hold / 1_000} s, brings it back, makes the moves that restore the balance, and waits ${hold / 1_000} s. Ctrl-C ends it; ${hostname} takes tasks again then.`

/** The phases. From the first change on the node is given its availability back if anything goes wrong. */
const through = Effect.fn("drill.through")(function* (given: Asked, node: Node, probing: Probing.Probing) {
  const screen = yield* Screen
  const phase = (name: string, text: string) => Effect.zipRight(probing.begin(name), screen.tell(text))
  yield* screen.tell(`Before: ${given.hold / 1_000} s with all nodes`)
  yield* Effect.sleep(given.hold)
  yield* probing.answered
  yield* refuseFailing(probing, yield* Clock.currentTimeMillis)
  return yield* Effect.gen(function* () {
    yield* phase("leaving", `${node.hostname} leaves`)
    const servicesMoved = yield* given.now ? atOnce(node) : emptied(given, node)
    yield* NodeAvailability.whenEmpty(node, given.timeout, screen.tell)
    yield* phase("out of service", `${node.hostname} is out of service for ${given.hold / 1_000} s`)
    yield* Effect.sleep(given.hold)
    yield* phase("coming back", `${node.hostname} comes back`)
    yield* NodeAvailability.set(node, "active")
    yield* Rebalancing.whenReady(node, given.returnTimeout)
    const pace = { stabilityMillis: given.stability, moveDeadlineMillis: given.moveDeadline }
    const movesAfter = yield* Rebalancing.rebalance(pace, screen.tell)
    yield* phase("after", `After: ${given.hold / 1_000} s`)
    yield* Effect.sleep(given.hold)
    return { servicesMoved, movesAfter }
  }).pipe(Effect.onError(() => inOwnFiber(broughtBack(node))))
})

const refuseFailing = (probing: Probing.Probing, nowMillis: number) => {
  const [before] = probing.tally.results(nowMillis)
  const [first] = probing.tally.failures
  const { failed = 0, sent = 0 } = before ?? {}
  return sent > 0 && failed === 0 ? Effect.void : new ProbesFail({ failed, sent, why: first?.why ?? "" })
}

const atOnce = (node: Node) => Effect.as(NodeAvailability.set(node, "drain"), 0)

/** The node may have got other tasks since the operator was asked. */
const emptied = Effect.fn("drill.emptied")(function* (given: Asked, node: Node) {
  const { forceRest, keepGoing, moveDeadline, stability } = given
  const screen = yield* Screen
  const pace = { stabilityMillis: stability, moveDeadlineMillis: moveDeadline }
  yield* ApplyMoves.finishOpenMoves(pace, screen.tell)
  const emptying = yield* NodeEmptying.survey(node, forceRest)
  const { moved } = yield* NodeEmptying.run(node, emptying, { ...pace, keepGoing }, screen.tell)
  return moved.length
})

const broughtBack = (node: Node) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const changed = yield* NodeAvailability.set(node, "active")
    if (changed)
      yield* screen.tell(
        `${node.hostname} takes tasks again. Swarm moves none back by itself: evenkeel apply, or a rebalancer, does.`
      )
  }).pipe(
    Effect.catchAll((error) =>
      Effect.flatMap(Screen, ({ tell }) =>
        tell(
          `${node.hostname} could not be brought back: ${error.message}. Do it by hand: evenkeel node activate ${node.hostname}`
        )
      )
    )
  )
