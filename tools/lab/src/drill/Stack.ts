/** The stack under test: `deploy/stack.yml` as an operator would deploy it, with the lab's images and a drill's short windows. */
import * as Effect from "effect/Effect"
import * as FileSystem from "@effect/platform/FileSystem"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { LabSite } from "../LabSite.ts"
import { imagePrefix } from "../LabSpec.ts"
import * as Shell from "../Shell.ts"
import type { Spread } from "./Observation.ts"

export const stackName = "p2p"
/** A service of three replicas beside the stack: what is moved by surge rather than by pin. */
const trio = "trio"
const vvms = [1, 2, 3, 4, 5, 6].map((i) => `${stackName}_vvm${i}`)
/** Service → replicas. */
export const replicas: ReadonlyMap<string, number> = new Map([...vvms.map((name) => [name, 1] as const), [trio, 3]])
export const workload = [...replicas.keys()]
export const spreads: ReadonlyArray<Spread> = [
  { name: "vvm", services: new Set(vvms) },
  { name: trio, services: new Set([trio]) }
]
export const globals = [`${stackName}_router`, `${stackName}_rebalancer`]
export const rebalancerService = `${stackName}_rebalancer`

/** How long the nodes must be unchanged before a move, in a drill. */
export const stabilisation = "5s"

export interface StackOptions {
  /** The socket of the manager that deploys. */
  readonly socketPath: string
  readonly mode: "act" | "observe"
}

/** Deploys, or updates what is deployed. Secrets are made once and kept beside the lab's state. */
export const deploy = Effect.fn("Stack.deploy")(function* ({ socketPath, mode }: StackOptions) {
  const site = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const secret = Effect.fnUntraced(function* (name: string) {
    const path = join(site.stateDir, name)
    if (!(yield* files.exists(path)))
      yield* files.writeFileString(path, randomBytes(32).toString("hex"), { mode: 0o600 })
    return path
  })
  const tokenPath = yield* secret("drill-token")
  const stickyKeyPath = yield* secret("drill-sticky-key")
  const socket = yield* files.stat(socketPath)
  const stackFile = join(site.workspaceRoot, "deploy/stack.yml")
  yield* Shell.run(
    site.dockerCommand,
    ["-H", `unix://${socketPath}`, "stack", "deploy", "--prune", "--compose-file", stackFile, stackName],
    {
      addedEnv: {
        EVENKEEL_IMAGES: imagePrefix,
        EVENKEEL_TAG: "dev",
        EVENKEEL_TOKEN_PATH: tokenPath,
        EVENKEEL_STICKY_KEY_PATH: stickyKeyPath,
        EVENKEEL_DOCKER_GID: String(socket.gid._tag === "Some" ? socket.gid.value : 0),
        EVENKEEL_STABILISATION: stabilisation,
        EVENKEEL_COOL_DOWN: "0s",
        // A drill loses the same nodes again and again: to the rebalancer they would be flapping.
        EVENKEEL_QUARANTINE_FLAPS: "1000",
        EVENKEEL_MODE: mode
      }
    }
  )
})

/** Creates the service of three replicas unless it is there. */
export const createTrio = Effect.fn("Stack.createTrio")(function* (socketPath: string) {
  const { dockerCommand } = yield* LabSite
  const docker = (...args: ReadonlyArray<string>) => Shell.run(dockerCommand, ["-H", `unix://${socketPath}`, ...args])
  const found = yield* docker("service", "ls", "--quiet", "--filter", `name=${trio}`)
  if (found.trim() !== "") return
  const replicas = ["--replicas", "3", "--endpoint-mode", "dnsrr"]
  yield* docker("service", "create", "--detach", "--name", trio, ...replicas, `${imagePrefix}/vvm:dev`)
})

/** What people do by hand: restart everything and hope. */
export const forceAll = Effect.fn("Stack.forceAll")(function* (socketPath: string) {
  const { dockerCommand } = yield* LabSite
  yield* Effect.forEach(workload, (service) =>
    Shell.run(dockerCommand, ["-H", `unix://${socketPath}`, "service", "update", "--detach", "--force", service])
  )
})
