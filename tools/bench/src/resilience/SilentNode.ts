/**
 * Tasks on a node that can fall silent: a process of their own that is stopped, not ended. What it had open gives neither
 * answer nor error; the short queues of connections, which the system would still take, are filled, so that new connections
 * are not answered either.
 */
import { spawn } from "node:child_process"
import * as net from "node:net"
import { join } from "node:path"

/** Longer than the queue of a listener with a backlog of one. */
const queueLength = 4

export interface SilentNode {
  readonly ports: ReadonlyArray<number>
  /** From now on nobody there answers. */
  fallSilent(): void
  end(): void
}

/** Two tasks, `name-1` and `name-2`, on `host`. */
export const startSilentNode = async (name: string, host: string): Promise<SilentNode> => {
  const program = join(import.meta.dirname, "SilentNodeProgram.ts")
  const child = spawn(process.execPath, ["--conditions=@evenkeel/source", program, name, host], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ports = await new Promise<ReadonlyArray<number>>((resolve, reject) => {
    child.stdout.once("data", (bytes: Buffer) => resolve(bytes.toString().trim().split(" ").map(Number)))
    child.once("exit", (code) => reject(new Error(`the node's process ended with exit code ${code}`)))
  })
  const fillers: Array<net.Socket> = []
  const fill = (port: number): void => {
    for (let i = 0; i < queueLength; i++) {
      const socket = net.connect({ host, port })
      socket.on("error", () => undefined)
      fillers.push(socket)
    }
  }
  return {
    ports,
    fallSilent: () => {
      child.kill("SIGSTOP")
      for (const port of ports) fill(port)
    },
    end: () => {
      for (const socket of fillers.splice(0)) socket.destroy()
      child.kill("SIGKILL")
    }
  }
}
