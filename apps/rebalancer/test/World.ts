/**
 * As much of Swarm as a pin meets: tasks follow a `node.id==` constraint start-first, and a task whose node satisfies the spec
 * is left alone. Two services of one replica in a group, both on n1, with n2 free: one move restores the balance.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { SwarmClientTestControl, type TestSwarm } from "@evenkeel/swarm-client/SwarmClientTest"
import { wireNode, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import type { ConsentHook } from "../src/ConsentHook.ts"
import * as LoopParts from "../src/LoopParts.ts"
import type { RebalancerConfig } from "../src/RebalancerConfig.ts"
import * as Webhook from "../src/Webhook.ts"

export const services = ["a", "b"]

export const swarm: TestSwarm = {
  nodes: [wireNode({ id: "n1", leader: true }), wireNode({ id: "n2" })],
  services: services.map((id) => wireService({ id, labels: { "evenkeel.group": "g" } })),
  tasks: services.map((id) => wireTask({ id: `${id}1`, service: id, node: "n1" }))
}

export const config: RebalancerConfig = {
  settings: {
    ...BrakeSettings.defaults,
    mode: "act",
    stabilisationMillis: 1_000,
    coolDownMillis: 0,
    taskAgeMillis: 0
  },
  host: "127.0.0.1",
  port: 0,
  adminHost: "127.0.0.1",
  adminPort: 0,
  stabilityMillis: 500,
  moveDeadlineMillis: 60_000,
  webhookUrl: Option.none(),
  consentUrl: Option.none(),
  token: Option.some(Redacted.make("secret")),
  feedCertificate: Option.none(),
  feedKey: Option.none()
}

export interface PartsInput {
  readonly settings?: Partial<BrakeSettings.BrakeSettings>
  readonly webhook?: Webhook.Webhook
  readonly consent?: ConsentHook
  readonly token?: RebalancerConfig["token"]
}

/** What a new process starts with: it knows nothing of what another one did. */
export const partsWith = ({ consent, settings, token, webhook }: PartsInput): Effect.Effect<LoopParts.LoopParts> =>
  LoopParts.make({
    config: { ...config, settings: { ...config.settings, ...settings }, token: token ?? config.token },
    webhook: webhook ?? Webhook.silent,
    consent: consent ?? { ask: () => Effect.succeed(null) }
  })

export const freshParts = partsWith({})

interface Slot {
  readonly task: string
  readonly node: string
  /** The task that is to take over, and whether it runs yet. */
  readonly next: { readonly task: string; readonly node: string } | null
}

export interface World {
  /** Swarm acts once, then time goes on by 200 ms. */
  readonly step: Effect.Effect<void>
  /** Node of each service's task. */
  readonly placement: Effect.Effect<Readonly<Record<string, string>>>
  readonly tasksStarted: Effect.Effect<number>
  /** Both services' specs and previous specs. */
  readonly texts: Effect.Effect<ReadonlyArray<{ readonly spec: string; readonly previous: string | undefined }>>
  /** Updates of services that the engine took so far. */
  readonly writes: Effect.Effect<number>
}

export const make = Effect.gen(function* () {
  const control = yield* SwarmClientTestControl
  const slots = yield* Ref.make<Readonly<Record<string, Slot>>>(
    Object.fromEntries(services.map((id) => [id, { task: `${id}1`, node: "n1", next: null }]))
  )
  const started = yield* Ref.make(0)

  const pinnedTo = (text: string): string | null => {
    const constraints = SpecText.get(text, ["Spec", "TaskTemplate", "Placement", "Constraints"]) ?? "[]"
    return /"node\.id==([^"]+)"/.exec(constraints)?.[1] ?? null
  }

  const reconcile = (id: string, slot: Slot) =>
    Effect.gen(function* () {
      const target = pinnedTo((yield* control.textOf("services", id)) ?? "{}")
      if (slot.next === null) {
        if (target === null || target === slot.node) return slot
        const count = yield* Ref.updateAndGet(started, (before) => before + 1)
        const next = { task: `${id}-${count}`, node: target }
        yield* control.put("tasks", wireTask({ id: next.task, service: id, node: target, state: "starting" }))
        return { ...slot, next }
      }
      if (target !== slot.next.node) {
        yield* control.remove("tasks", slot.next.task)
        return { ...slot, next: null }
      }
      yield* control.put("tasks", wireTask({ id: slot.next.task, service: id, node: target }))
      yield* control.remove("tasks", slot.task)
      return { ...slot.next, next: null }
    })

  const step = Effect.gen(function* () {
    const before = yield* Ref.get(slots)
    const after = yield* Effect.forEach(Object.entries(before), ([id, slot]) =>
      Effect.map(reconcile(id, slot), (changed) => [id, changed] as const)
    )
    yield* Ref.set(slots, Object.fromEntries(after))
    yield* TestClock.adjust("200 millis")
  })

  return {
    step,
    placement: Effect.map(Ref.get(slots), (all) =>
      Object.fromEntries(Object.entries(all).map(([id, { node }]) => [id, node]))
    ),
    tasksStarted: Ref.get(started),
    texts: Effect.forEach(services, (id) =>
      Effect.map(control.textOf("services", id), (text = "{}") => ({
        spec: SpecText.get(text, ["Spec"]) ?? "",
        previous: SpecText.get(text, ["PreviousSpec"])
      }))
    ),
    writes: Effect.map(
      control.requests,
      (requests) => requests.filter(({ method, path }) => method === "POST" && path.includes("/services/")).length
    )
  } satisfies World
})
