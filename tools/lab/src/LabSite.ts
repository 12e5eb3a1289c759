/**
 * Where this lab lives on the machine: its state directory, the workspace whose images it builds, the docker command.
 *
 * Read once from flags and environment; every other module asks for it as a service.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { resolve } from "node:path"

export interface LabSiteShape {
  /** Absolute path. All that the lab writes lies below it, except namespaces, links and control groups. */
  readonly stateDir: string
  /** Root of the workspace: `apps/<app>/Dockerfile` and `dist/apps/<app>` are looked up below it. */
  readonly workspaceRoot: string
  /** The docker CLI to call: a name on the PATH or a path. */
  readonly dockerCommand: string
}

/** The workspace this file belongs to. */
const ownWorkspace = resolve(import.meta.dirname, "..", "..", "..")

/**
 * Reads `EVENKEEL_LAB_DIR` (default `/var/lib/evenkeel-lab`), `EVENKEEL_LAB_WORKSPACE` (default: the workspace of this
 * tool) and `EVENKEEL_LAB_DOCKER` (default `docker`). Empty values count as unset.
 */
export const fromEnvironment = (environment: Readonly<Record<string, string | undefined>>): LabSiteShape => ({
  stateDir: resolve(environment["EVENKEEL_LAB_DIR"] || "/var/lib/evenkeel-lab"),
  workspaceRoot: resolve(environment["EVENKEEL_LAB_WORKSPACE"] || ownWorkspace),
  dockerCommand: environment["EVENKEEL_LAB_DOCKER"] || "docker"
})

export class LabSite extends Context.Tag("@evenkeel/lab/LabSite")<LabSite, LabSiteShape>() {
  /** The site named by the process's environment. */
  static readonly layer: Layer.Layer<LabSite> = Layer.sync(LabSite, () => fromEnvironment(process.env))

  static readonly layerOf = (site: LabSiteShape): Layer.Layer<LabSite> => Layer.succeed(LabSite, site)
}
