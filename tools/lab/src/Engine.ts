/**
 * One node of the lab as a machine: boot, crash, restart of its engine.
 *
 * A node is a PID, mount, UTS and network namespace. Its first process is a shell that gives the node a `/run` of its
 * own on tmpfs and then keeps an engine running, as an init system would. Everything that a real machine loses at a
 * reboot (`/run` with the engine's exec-root and pid file, links, firewall rules) lies in those namespaces and is lost with
 * them; the engine's data root lies on disk and is kept.
 *
 * Whether the node is a member of the Swarm is not decided here.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ControlGroups from "./ControlGroups.ts"
import * as EngineApi from "./EngineApi.ts"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import type { NodePlan } from "./LabSpec.ts"
import * as LabState from "./LabState.ts"
import * as Network from "./Network.ts"
import * as Processes from "./Processes.ts"
import { start } from "./Shell.ts"
import * as Waiting from "./Waiting.ts"

/** A fault or command was asked for a node that is not running. */
export class NodeNotRunning extends Schema.TaggedError<NodeNotRunning>()("NodeNotRunning", { node: Schema.String }) {
  override get message(): string {
    return `Node ${this.node} is not running. Boot it by \`lab fault restore ${this.node}\`.`
  }
}

/** A name that is not one of this lab's nodes. */
export class NodeUnknown extends Schema.TaggedError<NodeUnknown>()("NodeUnknown", {
  node: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `There is no node ${this.node} in this lab; its nodes are ${this.known.join(", ") || "none"}.`
  }
}

const engineDeadline = "60 seconds"

/**
 * What the first process of a node runs; `$1` host name, `$2` resolv.conf, `$3` daemon.json.
 *
 * `/run` becomes an empty tmpfs, `/var/run` the same folder, and names are asked of the bridge address, where nothing
 * listens: an unknown name fails at once instead of after half a minute. The loop waits for the engine in the foreground
 * (and so reaps what the engine leaves behind) and starts it again when it ends.
 */
export const initScript = `set -eu
hostname "$1"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
mkdir -m 1777 /run/lock
[ "$(readlink -f /var/run)" = /run ] || mount --bind /run /var/run
resolv=$(readlink -m /etc/resolv.conf)
case "$resolv" in
  /run/*) mkdir -p "$(dirname "$resolv")" && cp "$2" "$resolv" ;;
  *) [ ! -e "$resolv" ] || mount --bind "$2" "$resolv" ;;
esac
set +e
while :; do
  dockerd --config-file "$3"
  echo "evenkeel-lab: dockerd ended with code $?; starting it again" >&2
  sleep 1
done
`

/** The engine's configuration file. Sockets, registry and storage are the lab's; the rest are dockerd's defaults. */
export const daemonConfig = (
  node: NodePlan,
  paths: LabSpec.NodePaths,
  storageDriver: string,
  cgroupParent: string
): Readonly<Record<string, unknown>> => ({
  hosts: ["unix:///run/docker.sock", `unix://${paths.socket}`],
  "data-root": paths.dataRoot,
  "exec-root": "/run/docker",
  pidfile: "/run/docker.pid",
  "storage-driver": storageDriver,
  "exec-opts": ["native.cgroupdriver=cgroupfs"],
  "cgroup-parent": `/${cgroupParent}/${node.name}`,
  "userland-proxy": false,
  "insecure-registries": [LabSpec.registryAddress],
  dns: [LabSpec.bridgeAddress],
  "live-restore": false
})

/** The node as the engine's clients address it. */
export const addressOf = (node: { readonly name: string }) =>
  Effect.map(LabSite, ({ stateDir }): EngineApi.EngineAddress => {
    const { socket } = LabSpec.nodePaths(stateDir, node.name)
    return { name: node.name, socketPath: socket }
  })

/** The last lines of a log, to end an error message with. */
export const logTail = (path: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const text = yield* files.readFileString(path)
    return `Last lines of ${path}:\n${text.trimEnd().split("\n").slice(-8).join("\n")}`
  }).pipe(Effect.orElseSucceed(() => `There is no log ${path}.`))

const awaitEngine = Effect.fn("Engine.awaitEngine")(function* (node: NodePlan) {
  const { stateDir } = yield* LabSite
  const engine = yield* addressOf(node)
  yield* Waiting.until(
    `the engine of ${node.name} answers`,
    EngineApi.ping(engine),
    engineDeadline,
    logTail(LabSpec.nodePaths(stateDir, node.name).log)
  )
})

/** Finds the first process of the namespace that `launcher` (nsenter, then unshare) forked. */
const firstProcess = (launcher: number) =>
  Effect.gen(function* () {
    let found: Processes.ProcessIdentity | undefined
    yield* Waiting.until(
      "a node's first process starts",
      Effect.gen(function* () {
        const [child] = yield* Processes.childrenOf(launcher)
        if (child !== undefined) found = yield* Processes.identify(child.pid)
        return found !== undefined
      }),
      "10 seconds"
    )
    return found
  })

/** The node's record in the lab's state. */
export const recordOf = Effect.fn("Engine.recordOf")(function* (name: string) {
  const state = yield* LabState.required
  const record = state.node(name)
  if (record === undefined) {
    return yield* new NodeUnknown({ node: name, known: state.nodes.map((node) => node.name) })
  }
  return record
})

/** The first process of a node that runs. */
export const processOf = Effect.fn("Engine.processOf")(function* (name: string) {
  const { process } = yield* recordOf(name)
  if (process === null) return yield* new NodeNotRunning({ node: name })
  return process
})

/**
 * Boots a node that is in the lab's state and waits until its engine answers. A node that runs already is only waited
 * for. Gives back whether it was booted.
 */
export const boot = Effect.fn("Engine.boot")(function* (name: string) {
  const { stateDir } = yield* LabSite
  const files = yield* FileSystem.FileSystem
  const record = yield* recordOf(name)
  const { storageDriver } = yield* LabState.required
  const node = LabSpec.nodePlan(record.index)
  if (record.process !== null) {
    yield* awaitEngine(node)
    return false
  }
  const paths = LabSpec.nodePaths(stateDir, name)
  yield* endStrays(name)
  yield* ControlGroups.remove(name)
  yield* files.makeDirectory(paths.directory, { recursive: true })
  yield* files.remove(paths.socket, { force: true })
  yield* files.writeFileString(paths.resolvConf, `nameserver ${LabSpec.bridgeAddress}\n`)
  const config = daemonConfig(node, paths, storageDriver, LabSpec.cgroupParent(stateDir))
  yield* files.writeFileString(paths.config, `${JSON.stringify(config, null, 2)}\n`)
  yield* Network.createNode(node)
  const launcher = yield* start(
    "nsenter",
    [
      `--net=/run/netns/${node.netns}`,
      ...["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"],
      ...["sh", "-c", initScript, "sh", name, paths.resolvConf, paths.config]
    ],
    // Without the caller's proxy settings: the engine would ask the proxy for the lab's registry.
    { env: { HOME: "/root", [LabSpec.processMarker]: paths.directory }, log: paths.log, cwd: "/" }
  )
  const first = yield* firstProcess(launcher)
  if (first === undefined) return yield* new NodeNotRunning({ node: name })
  yield* LabState.update((state) => LabState.withNode(state, new LabState.NodeRecord({ ...record, process: first })))
  yield* awaitEngine(node)
  return true
})

/** Ends processes of this node that the state does not know: a lab whose state was lost, or a boot that was cut short. */
const endStrays = Effect.fn("Engine.endStrays")(function* (name: string) {
  const { stateDir } = yield* LabSite
  const { directory } = LabSpec.nodePaths(stateDir, name)
  const strays = yield* Processes.findByEnvironment(LabSpec.processMarker, (value) => value === directory)
  yield* Effect.forEach(strays, (stray) => Processes.kill(stray, `a process of node ${name}`), { discard: true })
})

/**
 * Ends every process of a node at once by ending the first one, then takes its cable and namespace away, so that the
 * address is silent afterwards. The kernel still closes the processes' sockets with FIN or RST, as it does when a machine
 * is shut down in a hurry; with `powerCut` the cable is pulled first and nothing leaves the node any more.
 * Gives back whether the node was running.
 */
export const crash = Effect.fn("Engine.crash")(function* (name: string, options?: { readonly powerCut?: boolean }) {
  const record = yield* recordOf(name)
  const node = LabSpec.nodePlan(record.index)
  if (options?.powerCut === true && (yield* Network.linkState(node)) === "up") yield* Network.setLink(node, "down")
  if (record.process !== null) yield* Processes.kill(record.process, `the first process of ${name}`)
  yield* endStrays(name)
  yield* Network.removeNode(node)
  yield* LabState.update((state) => LabState.withNode(state, new LabState.NodeRecord({ ...record, process: null })))
  return record.process !== null
})

/**
 * Kills the engine alone (SIGKILL); the node's first process starts it again after a second. Waits until the new engine
 * answers.
 */
export const restartDockerd = Effect.fn("Engine.restartDockerd")(function* (name: string) {
  const first = yield* processOf(name)
  const node = LabSpec.nodePlan((yield* recordOf(name)).index)
  const engines = Effect.map(Processes.childrenOf(first.pid), (children) =>
    children.filter((child) => child.command === "dockerd")
  )
  const before = yield* engines
  yield* Effect.forEach(before, ({ pid, startTicks }) =>
    Processes.kill(new Processes.ProcessIdentity({ pid, startTicks }), `the engine of ${name}`)
  )
  const isNew = (pid: number) => before.every((old) => old.pid !== pid)
  yield* Waiting.until(
    `dockerd of ${name} is started again`,
    Effect.map(engines, (now) => now.some(({ pid }) => isNew(pid))),
    engineDeadline
  )
  yield* awaitEngine(node)
})
