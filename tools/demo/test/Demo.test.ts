/** The demo as people run it: a process of its own, with bundles that `nx` has built before. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import type { DemoReport } from "../src/Demo.ts"

const folders: Array<string> = []
const children: Array<ChildProcess> = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const demo = (args: ReadonlyArray<string>) => {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-demo-test-"))
  folders.push(folder)
  const main = join(import.meta.dirname, "../src/main.ts")
  const child = spawn(process.execPath, ["--conditions=@evenkeel/source", main, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"]
  })
  children.push(child)
  const said = { out: "", err: "" }
  child.stdout.on("data", (chunk: Buffer) => (said.out += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (said.err += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
  return { child, ended, said, folder, leftovers: () => readdirSync(folder) }
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    // The process has ended meanwhile.
    return ""
  }
}

/** Processes whose command line or environment names the folder; where there is no /proc: none. */
const processesOf = (folder: string): ReadonlyArray<string> => {
  if (process.platform !== "linux") return []
  return readdirSync("/proc").filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      pid !== String(process.pid) &&
      (textOf(`/proc/${pid}/cmdline`) + textOf(`/proc/${pid}/environ`)).includes(folder)
  )
}

describe("the demo", () => {
  it("tells the whole story, and what it came to", { timeout: 180_000 }, async () => {
    const { ended, leftovers, said } = demo(["--json"])
    const code = await ended
    // The messages say why, if it is not so.
    expect(code, said.err).toBe(0)
    const { alone, evenkeel, mesh, problems } = JSON.parse(said.out) as DemoReport
    expect(problems).toEqual([])
    expect(alone.phases).toEqual(["starting", "steady", "lost", "restored", "returned"])
    expect(evenkeel.phases).toEqual([...alone.phases, "moving", "balanced"])
    expect(mesh.phases).toEqual(alone.phases)
    for (const { placement, replaced, requests } of [mesh, alone, evenkeel]) {
      expect(placement.steady).toEqual([3, 3, 3])
      expect(placement.restored[1]).toBe(0)
      expect(replaced).toBe(3)
      expect(requests.sent).toBeGreaterThan(500)
    }
    expect(alone.placement.end[1]).toBe(0)
    expect(alone.moved).toBe(0)
    expect(evenkeel.groupAtEnd).toEqual([2, 2, 2])
    expect(evenkeel.trioAtEnd).toEqual([1, 1, 1])
    expect(evenkeel.moved).toBe(3)
    expect(evenkeel.requests.lost).toBe(0)
    // The routers are the same in both: only the moves differ.
    expect(alone.requests.lost).toBe(0)
    expect(evenkeel.requests.streams.opened).toBeGreaterThanOrEqual(16)
    expect(evenkeel.requests.streams.broken).toBeGreaterThan(0)
    expect(said.err).toContain("Swarm with Evenkeel: n2 crashes")
    expect(said.err).not.toContain("\u001b")
    expect(leftovers()).toEqual([])
  })

  it.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)(
    "leaves nothing behind after %s",
    { timeout: 60_000 },
    async (signal) => {
      const { child, ended, leftovers, said } = demo([])
      await expect.poll(() => said.err, { timeout: 30_000 }).toContain("clients send requests")
      expect(leftovers()).toHaveLength(1)
      child.kill(signal)
      expect(await ended).toBe(signal === "SIGKILL" ? null : 130)
      // After SIGKILL it is the embedded Swarm's own process that tidies up.
      await expect.poll(leftovers, { timeout: 10_000 }).toEqual([])
    }
  )

  it.each([20, 400, 1_500, 4_000, 9_000])(
    "leaves no process, socket or file behind after Ctrl-C at %i ms",
    { timeout: 60_000 },
    async (millis) => {
      const { child, ended, folder, leftovers } = demo(["--speed", "20"])
      await new Promise((resolve) => setTimeout(resolve, millis))
      child.kill("SIGINT")
      // Before its first line has run, the signal itself ends it.
      expect([130, null]).toContain(await ended)
      await expect.poll(leftovers, { timeout: 10_000 }).toEqual([])
      await expect.poll(() => processesOf(folder), { timeout: 10_000 }).toEqual([])
    }
  )

  it.runIf(process.platform === "linux")(
    "says that its Swarm has ended by itself, and leaves nothing behind",
    { timeout: 60_000 },
    async () => {
      const { ended, folder, leftovers, said } = demo(["--speed", "20"])
      await expect.poll(() => said.err, { timeout: 30_000 }).toContain("clients send requests")
      const [sim] = processesOf(folder).filter((pid) => textOf(`/proc/${pid}/cmdline`).includes("sim/main.ts"))
      expect(sim).toBeDefined()
      process.kill(Number(sim), "SIGKILL")
      expect(await ended).toBe(1)
      expect(said.err).toContain("the embedded Swarm ended by itself")
      expect(leftovers()).toEqual([])
      await expect.poll(() => processesOf(folder), { timeout: 10_000 }).toEqual([])
    }
  )

  it("says what is wrong with its options", async () => {
    const { ended, said } = demo(["--node", "n9"])
    expect(await ended).toBe(2)
    expect(said.err).toContain("--node: expected one of n1, n2, n3, got n9")
    expect(said.out).toBe("")
  })

  it("has examples in its help", async () => {
    const { ended, said } = demo(["--help"])
    expect(await ended).toBe(0)
    expect(said.out).toContain("npm start -- --keep")
  })
})
