/** `bench:router`: see `--help`. Runs the measurements in turn, prints the table, and judges it by the gates. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startBackend } from "./Backend.ts"
import { freePorts, Missing } from "../Children.ts"
import { checkBodies, measure, type Sample } from "./Case.ts"
import { measureExtras, type Extras } from "./Extras.ts"
import { type CaseName, type Flags, FlagsInvalid, help, parse, type PeerName } from "./Flags.ts"
import { judge, unmeasured } from "./Gates.ts"
import type { Peer, StartPeer } from "./Peer.ts"
import { hasCommand } from "./Pinned.ts"
import { startCaddy } from "./peers/Caddy.ts"
import { startEnvoy } from "./peers/Envoy.ts"
import { startHaproxy } from "./peers/Haproxy.ts"
import { startNginx } from "./peers/Nginx.ts"
import { startNodeProxy } from "./peers/NodeProxy.ts"
import { startRouter } from "./peers/Router.ts"
import { startTraefik } from "./peers/Traefik.ts"
import { render, summarise } from "./Report.ts"
import { roundsOf, secondsOf, warmUpOf } from "./Schedule.ts"

const starters: Readonly<Record<PeerName, StartPeer>> = {
  router: startRouter("router"),
  "router-log": startRouter("router-log"),
  nginx: startNginx,
  haproxy: startHaproxy,
  caddy: startCaddy,
  "http-proxy": startNodeProxy("http-proxy"),
  "http-proxy-3": startNodeProxy("http-proxy-3"),
  traefik: startTraefik,
  envoy: startEnvoy
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const defaultBundle = join(import.meta.dirname, "../../../../dist/apps/router/main.mjs")

const warm = async (flags: Flags, peer: Peer, name: CaseName, folder: string) => {
  const { requests: enough, seconds, times } = warmUpOf(flags, name)
  let requests = 0
  for (let i = 0; i < times && requests < enough; i++)
    requests += (await measure(peer, name, { seconds, loadCore: flags.loadCore, folder })).requests
}

/** Samples of all peers for all cases, peer after peer within each round, so that what disturbs one disturbs all. */
const measureRounds = async (
  flags: Flags,
  peers: ReadonlyArray<Peer>,
  folder: string
): Promise<ReadonlyArray<Sample>> => {
  const samples: Array<Sample> = []
  for (const name of flags.cases) {
    // What the log costs is told by small requests alone.
    const taking = peers.filter((peer) => peer.name !== "router-log" || name === "get-100")
    for (const peer of taking) await warm(flags, peer, name, folder)
    const rounds = Math.max(0, ...taking.map((peer) => roundsOf(flags, name, peer.name)))
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < taking.length; turn++) {
        const peer = taking[(round + turn) % taking.length]
        if (peer === undefined || round >= roundsOf(flags, name, peer.name)) continue
        const seconds = secondsOf(flags, name, peer.name)
        samples.push(await measure(peer, name, { seconds, loadCore: flags.loadCore, folder }))
      }
      say(`${name}: round ${round + 1} of ${rounds}`)
    }
  }
  return samples
}

const bench = async (flags: Flags): Promise<number> => {
  for (const command of ["wrk", "nginx", "taskset"])
    if (!hasCommand(command))
      throw new Missing(`${command} is needed and not installed (apt-get install wrk nginx util-linux)`)
  spawnSync("taskset", ["-acp", String(flags.loadCore), String(process.pid)])
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"))
  const running: Array<{ stop(): Promise<void> }> = []
  try {
    const backend = await startBackend(folder, flags.loadCore)
    running.push(backend)
    const peers: Array<Peer> = []
    const leftOut: Record<string, string> = {}
    const startFresh = async (name: PeerName): Promise<Peer> => {
      const [port = 0] = await freePorts(1)
      const setting = { folder, core: flags.proxyCore, port, backend, bundle: flags.bundle ?? defaultBundle }
      return starters[name](setting)
    }
    for (const name of flags.peers) {
      try {
        const peer = await startFresh(name)
        running.push(peer)
        peers.push(peer)
      } catch (error) {
        if (!(error instanceof Missing) || name === "router") throw error
        leftOut[name] = error.message
        say(`LEFT OUT: ${name}: ${error.message}`)
      }
    }
    const faults: Array<string> = []
    for (const peer of peers) for (const fault of await checkBodies(peer)) faults.push(`${peer.name}: ${fault}`)
    const samples = await measureRounds(flags, peers, folder)
    if (flags.extras.includes("transfer")) await backend.readHuge()
    const extras: Extras = await measureExtras(flags, peers, startFresh, say)
    for (const peer of peers) for (const fault of await checkBodies(peer)) faults.push(`${peer.name}: ${fault}`)
    faults.push(...extras.faults)
    for (const sample of samples)
      for (const fault of sample.faults) faults.push(`${sample.peer}, ${sample.case}: ${fault}`)
    const summary = summarise(peers, samples, extras, faults, leftOut)
    const verdicts = judge(summary)
    const missing = unmeasured(summary, flags)
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ ...summary, verdicts, unmeasured: missing }, undefined, 2)}\n`
        : render(summary, verdicts, missing)
    )
    const routerIsRight = !faults.some((fault) => fault.startsWith("router"))
    if (!verdicts.every(({ holds }) => holds) || !routerIsRight) return 1
    return missing.some(({ matters }) => matters) ? 69 : 0
  } finally {
    for (const one of running.reverse()) await one.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const main = async (): Promise<number> => {
  try {
    const flags = parse(process.argv.slice(2))
    if (flags === null) {
      process.stdout.write(help)
      return 0
    }
    return await bench(flags)
  } catch (error) {
    say(`bench:router: ${error instanceof Error ? error.message : String(error)}`)
    return error instanceof FlagsInvalid ? 64 : error instanceof Missing ? 69 : 1
  }
}

process.exitCode = await main()
