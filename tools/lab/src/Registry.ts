/** The lab's own image registry on the bridge: plain HTTP, its storage in the state directory. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { logTail } from "./Engine.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import * as LabState from "./LabState.ts"
import * as Processes from "./Processes.ts"
import { start } from "./Shell.ts"
import * as Waiting from "./Waiting.ts"
import { request } from "node:http"

const directoryOf = (stateDir: string) => `${stateDir}/registry`

/** The registry's configuration (distribution 2.8 "configuration" page; JSON is YAML). */
const configuration = (directory: string) => ({
  version: 0.1,
  log: { level: "warn" },
  storage: { filesystem: { rootdirectory: `${directory}/storage` }, delete: { enabled: true } },
  http: { addr: LabSpec.registryAddress }
})

/** The status of a HEAD request to the registry; `undefined` when it does not answer within two seconds. */
const head = (path: string): Effect.Effect<number | undefined> =>
  Effect.async<number | undefined>((resume) => {
    const none = () => resume(Effect.succeed(undefined))
    const accept = "application/vnd.docker.distribution.manifest.v2+json"
    const options = { method: "HEAD", agent: false, timeout: 2_000, headers: { accept } }
    const call = request(`http://${LabSpec.registryAddress}${path}`, options, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode))
    })
    call.once("timeout", () => call.destroy(new Error("no answer")))
    call.once("error", none)
    call.end()
    return Effect.sync(() => call.destroy())
  })

/** Whether the registry answers. */
export const answers: Effect.Effect<boolean> = Effect.map(head("/v2/"), (status) => status === 200)

/** Whether the registry has an image; `reference` as in {@link LabSpec.imagePrefix}, with its tag. */
export const has = (reference: string): Effect.Effect<boolean> => {
  const [repository, tag] = reference.slice(LabSpec.registryAddress.length + 1).split(":")
  return Effect.map(head(`/v2/${repository}/manifests/${tag}`), (status) => status === 200)
}

/** Starts the registry unless it runs. Gives back whether it was started. */
export const ensure = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const directory = directoryOf(stateDir)
  const log = `${directory}/registry.log`
  const running = (yield* LabState.required).registry !== null
  if (!running) {
    yield* endStrays
    yield* files.makeDirectory(`${directory}/storage`, { recursive: true })
    yield* files.writeFileString(`${directory}/config.yml`, `${JSON.stringify(configuration(directory), null, 2)}\n`)
    const env = { HOME: "/root", [LabSpec.processMarker]: directory }
    const pid = yield* start("docker-registry", ["serve", `${directory}/config.yml`], { env, log, cwd: "/" })
    const identity = yield* Processes.identify(pid)
    yield* LabState.update((state) => new LabState.LabState({ ...state, registry: identity ?? null }))
  }
  yield* Waiting.until(`the registry answers at ${LabSpec.registryAddress}`, answers, "20 seconds", logTail(log))
  return !running
})

/** Ends registries of this lab that its state does not know. */
const endStrays = Effect.gen(function* () {
  const directory = directoryOf((yield* LabSite).stateDir)
  const strays = yield* Processes.findByEnvironment(LabSpec.processMarker, (value) => value === directory)
  yield* Effect.forEach(strays, (stray) => Processes.kill(stray, "a registry of the lab"), { discard: true })
})
