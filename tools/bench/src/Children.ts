/** Processes that a measurement starts: where they may listen, and how they end. */
import type { ChildProcess } from "node:child_process"
import * as net from "node:net"

/** Something that is needed and cannot be had, with the cure. */
export class Missing extends Error {
  override readonly name = "Missing"
}

/** The environment without settings of ours and of Docker's client: what is measured has its defaults. */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:EVENKEEL|DOCKER)_/.test(name)))

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

/** SIGTERM, and SIGKILL after `graceMs`, or at once where that is 0. Resolves when it has ended, if it has not already. */
export const end = (child: ChildProcess, graceMs: number): Promise<void> =>
  new Promise((resolve) => {
    if (hasEnded(child)) return resolve()
    const hard = setTimeout(() => child.kill("SIGKILL"), graceMs)
    child.once("exit", () => {
      clearTimeout(hard)
      resolve()
    })
    child.kill(graceMs === 0 ? "SIGKILL" : "SIGTERM")
  })

/** Ports that are free right now. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = Array.from({ length: count }, () => net.createServer())
  const ports: Array<number> = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    ports.push(typeof address === "object" && address !== null ? address.port : 0)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
