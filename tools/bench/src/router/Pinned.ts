/** Processes on a core of their own: started, waited for until they listen, stopped at the end. */
import { spawn, spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import * as net from "node:net"
import { end, environment, hasEnded, Missing } from "../Children.ts"

const listensWithinMs = 10_000
const graceMs = 12_000

export interface Child {
  readonly pid: number
  stop(): Promise<void>
}

export const hasCommand = (name: string): boolean => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0

/** Descriptors that each process may open: two for each of ten thousand tunnels and some, or what the machine allows. */
export const descriptors = ((): number => {
  const allowed = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim()
  return allowed === "unlimited" ? 65_536 : Math.min(65_536, Number(allowed))
})()

/** For a shell: `$0` is the core, the rest the command. */
export const pinned = `ulimit -n ${descriptors}; exec taskset -c "$0" "$@"`

/**
 * Starts `command` on `core`, its output in `log`. It counts as started once `port` of 127.0.0.1 accepts; throws with the end
 * of its output when that does not come about within ten seconds.
 */
export const start = async (options: {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly core: number
  readonly log: string
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
}): Promise<Child> => {
  const { args, command, core, log, name, port } = options
  const output = openSync(log, "w")
  const child = spawn("sh", ["-c", pinned, String(core), command, ...args], {
    stdio: ["ignore", output, output],
    env: { ...environment(), ...options.env }
  })
  closeSync(output)
  const { pid } = child
  if (pid === undefined) throw new Missing(`${name}: sh could not be started`)
  const stop = () => end(child, graceMs)
  const until = Date.now() + listensWithinMs
  while (!(await accepts(port))) {
    if (hasEnded(child) || Date.now() > until) {
      await stop()
      throw new Missing(`${name} does not listen on port ${port}:\n${readFileSync(log, "utf8").slice(-2_000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  return { pid, stop }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

/** Runs `command` on `core` to its end and returns its stdout. Throws with its stderr when it fails. */
export const run = (core: number, command: string, args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", pinned, String(core), command, ...args])
    let out = ""
    let err = ""
    child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()))
    child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()))
    child.once("error", reject)
    child.once("close", (code) =>
      code === 0
        ? resolve(out)
        : reject(new Error(`${command} ${args.join(" ")}: exit code ${code}: ${err.slice(-1_000)}`))
    )
  })
