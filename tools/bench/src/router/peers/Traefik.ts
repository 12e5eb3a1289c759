/** Traefik with as many Go threads as it has cores here: one. Where it is on the PATH. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Missing } from "../../Children.ts"
import { peerOf, type Setting, type StartPeer, versionOf } from "../Peer.ts"
import { hasCommand } from "../Pinned.ts"

const service = (origins: ReadonlyArray<{ readonly host: string; readonly port: number }>) => ({
  loadBalancer: { servers: origins.map(({ host, port }) => ({ url: `http://${host}:${port}` })) }
})

/** Of its file provider; JSON is YAML too. The longer rule goes first. */
export const configuration = ({ backend }: Pick<Setting, "backend">) => ({
  http: {
    routers: {
      main: { rule: "PathPrefix(`/`)", service: "main" },
      echo: { rule: "PathPrefix(`/echo`)", service: "echo" }
    },
    services: { main: service(backend.http), echo: service(backend.echo) }
  }
})

const routesWithinMs = 10_000

/** It listens before it has read its routes. */
const hasRoutes = async (port: number): Promise<boolean> => {
  for (const until = performance.now() + routesWithinMs; performance.now() < until; await sleep(30)) {
    const { body, status } = await fetch(`http://127.0.0.1:${port}/100`)
    await body?.cancel()
    if (status === 200) return true
  }
  return false
}

export const startTraefik: StartPeer = async (setting) => {
  if (!hasCommand("traefik")) throw new Missing("traefik is not on the PATH")
  const file = join(setting.folder, "traefik.yml")
  writeFileSync(file, JSON.stringify(configuration(setting)))
  const peer = await peerOf("traefik", versionOf("traefik", ["version"]), setting, {
    command: "traefik",
    args: [
      `--entrypoints.main.address=127.0.0.1:${setting.port}`,
      `--providers.file.filename=${file}`,
      "--providers.file.watch=false",
      "--serverstransport.maxidleconnsperhost=256",
      "--log.level=ERROR",
      "--global.checknewversion=false",
      "--global.sendanonymoususage=false"
    ],
    env: { GOMAXPROCS: "1", HOME: setting.folder }
  })
  if (await hasRoutes(setting.port)) return peer
  await peer.stop()
  throw new Missing(`traefik did not take up its routes within ${routesWithinMs / 1_000} s`)
}
