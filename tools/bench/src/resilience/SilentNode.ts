/**
 * Tasks on a node that can fall silent: a process of their own that is stopped, not ended. What it had open gives neither
 * answer nor error, and once the short queues of connections are full, new connections are not answered either.
 */
import { spawn } from "node:child_process"
import { join } from "node:path"

export interface SilentNode {
  readonly ports: ReadonlyArray<number>
  /** From now on nobody there answers. */
  fallSilent(): void
  /** As if nothing had been. */
  wakeUp(): void
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
  return {
    ports,
    fallSilent: () => void child.kill("SIGSTOP"),
    wakeUp: () => void child.kill("SIGCONT"),
    end: () => void child.kill("SIGKILL")
  }
}
