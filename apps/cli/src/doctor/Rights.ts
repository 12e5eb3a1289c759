/**
 * Whether the engine's socket, or the proxy before it, lets through what a rebalancer needs. Rights to write are tried on
 * objects that do not exist or that no engine takes, so that nothing changes: whoever may write is told so. The stream of
 * events is not tried: without it readings come later, and nothing else.
 */
import * as Effect from "effect/Effect"
import { RaftIndex, ServiceId } from "@evenkeel/domain/Ids"
import { SwarmClient, type SwarmClientShape } from "@evenkeel/swarm-client/SwarmClient"
import { type Finding, ok, problem } from "./Finding.ts"

const nobody = "evenkeel-doctor-asks"

interface Right {
  readonly call: string
  readonly needed: string
  readonly tried: (
    client: SwarmClientShape
  ) => Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>
}

const rights: ReadonlyArray<Right> = [
  { call: "GET /_ping", needed: "before each write", tried: ({ ping }) => ping },
  { call: "GET /info", needed: "to know its node", tried: ({ info }) => info },
  { call: "GET /nodes", needed: "to read the Swarm", tried: ({ nodes }) => nodes },
  { call: "GET /services", needed: "to read the Swarm", tried: ({ services }) => services },
  { call: "GET /tasks", needed: "to read the Swarm", tried: ({ tasks }) => tasks() },
  { call: "GET /networks", needed: "to read the Swarm", tried: ({ networks }) => networks },
  { call: "GET /configs", needed: "for policy and history", tried: ({ listConfigs }) => listConfigs() },
  { call: "GET /services/{id}", needed: "before each write", tried: ({ service }) => service(nobody) },
  {
    call: "POST /services/{id}/update",
    needed: "to move tasks",
    tried: ({ updateService }) =>
      updateService({ id: ServiceId.make(nobody), version: RaftIndex.make(1), specText: "{}" })
  },
  {
    // No engine makes a config without a name and without data.
    call: "POST /configs/create",
    needed: "for policy and history",
    tried: ({ createConfig }) => createConfig({ name: "", labels: {}, data: "" })
  },
  {
    call: "DELETE /configs/{id}",
    needed: "for policy and history",
    tried: ({ removeConfig }) => removeConfig(nobody)
  }
]

/** A proxy's no. Everything else the engine says, it says itself: the call got through. */
const isRefusal = (error: { readonly _tag: string; readonly message: string }): boolean =>
  error._tag === "EngineRejected" && /status (401|403|405|407)/.test(error.message)

/** `unreachable` failures end the whole command: there is nothing to check then. */
export const check: Effect.Effect<ReadonlyArray<Finding>, never, SwarmClient> = Effect.gen(function* () {
  const client = yield* SwarmClient
  const findings = yield* Effect.forEach(rights, ({ call, needed, tried }) =>
    Effect.match(tried(client), {
      onSuccess: () => null,
      onFailure: (error): Finding | null =>
        isRefusal(error)
          ? problem(
              "rights",
              call,
              `is refused, and is needed ${needed}: ${error.message}`,
              "allow this call in the socket proxy; docs/subsystems/rebalancer.md lists all"
            )
          : null
    })
  )
  const refused = findings.filter((finding) => finding !== null)
  return refused.length === 0 ? [ok("rights", "engine", "all calls that a rebalancer needs get through")] : refused
})
