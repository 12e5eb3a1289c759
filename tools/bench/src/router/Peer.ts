/** A proxy under measurement: what it needs to start, and what is asked of it while it runs. */
import { spawnSync } from "node:child_process"
import type { Backend } from "./Backend.ts"
import { type Child, hasCommand, start } from "./Pinned.ts"
import { family } from "./Usage.ts"
import type { PeerName } from "./Flags.ts"

export interface Setting {
  /** For configurations and logs. */
  readonly folder: string
  readonly core: number
  /** Where it is to listen, on 127.0.0.1. */
  readonly port: number
  readonly backend: Backend
  /** The router's main.mjs. */
  readonly bundle: string
}

export interface Peer {
  readonly name: PeerName
  readonly version: string
  readonly port: number
  /** All its processes. */
  readonly pids: ReadonlyArray<number>
  /** Requests it says it has answered so far; null where it is not asked. */
  readonly counted: () => Promise<number | null>
  stop(): Promise<void>
}

/** Starts it. Throws `Missing` when it is not installed. */
export type StartPeer = (setting: Setting) => Promise<Peer>

/** What `command` prints about its version, first line. */
export const versionOf = (command: string, args: ReadonlyArray<string>): string => {
  if (!hasCommand(command)) return ""
  const { stdout, stderr } = spawnSync(command, [...args], { encoding: "utf8" })
  return (/\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`) ?? ["?"])[0]
}

/** A peer that is one child process and its descendants. */
export const peerOf = async (
  name: PeerName,
  version: string,
  setting: Setting,
  how: {
    readonly command: string
    readonly args: ReadonlyArray<string>
    readonly env?: Readonly<Record<string, string>>
    readonly counted?: () => Promise<number>
    readonly afterwards?: () => Promise<void>
  }
): Promise<Peer> => {
  const { core, folder, port } = setting
  const child: Child = await start({
    name,
    command: how.command,
    args: how.args,
    core,
    log: `${folder}/${name}.log`,
    port,
    ...(how.env === undefined ? {} : { env: how.env })
  })
  return {
    name,
    version,
    port,
    pids: family(child.pid),
    counted: how.counted ?? (() => Promise.resolve(null)),
    stop: async () => {
      await child.stop()
      await how.afterwards?.()
    }
  }
}
