/**
 * What can be done to a node, and undone. Every fault may be repeated: a node that is in the wanted condition stays so.
 */
import * as Effect from "effect/Effect"
import * as Engine from "./Engine.ts"
import * as LabSpec from "./LabSpec.ts"
import * as Network from "./Network.ts"

const planOf = (name: string) => Effect.map(Engine.recordOf(name), ({ index }) => LabSpec.nodePlan(index))

/**
 * Pulls the node's cable: its engine and tasks run on, nothing reaches them and nothing they send arrives. Gives back
 * whether the cable was plugged in.
 */
export const blackHole = Effect.fn("Faults.blackHole")(function* (name: string) {
  yield* Engine.processOf(name)
  const node = yield* planOf(name)
  const was = yield* Network.linkState(node)
  yield* Network.setLink(node, "down")
  return was === "up"
})

/** Crash and boot. */
export const reboot = Effect.fn("Faults.reboot")(function* (name: string, options?: { readonly powerCut?: boolean }) {
  yield* Engine.crash(name, options)
  yield* Engine.boot(name)
})

/** Plugs the cable in and boots the node if it has crashed. Gives back what was done. */
export const restore = Effect.fn("Faults.restore")(function* (name: string) {
  const { process } = yield* Engine.recordOf(name)
  const node = yield* planOf(name)
  if (process === null) {
    yield* Engine.boot(name)
    return "booted" as const
  }
  const link = yield* Network.linkState(node)
  if (link === "absent") {
    yield* reboot(name)
    return "booted" as const
  }
  yield* Network.setLink(node, "up")
  return link === "down" ? ("reconnected" as const) : ("nothing" as const)
})
