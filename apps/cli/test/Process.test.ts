/** The command as a process: streams that are closed, and signals. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { defaults } from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"

const main = join(import.meta.dirname, "../src/main.ts")

const start = (line: string) =>
  spawn(process.execPath, ["--conditions=@evenkeel/source", main, ...line.split(" ")], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" }
  })

describe("the process", () => {
  it.scopedLive("does what it began where nobody reads its messages", () =>
    Effect.gen(function* () {
      const { addresses } = yield* SimServer.make({ ...defaults, speed: 10 }, () => {})
      const child = start(`node drain n2 --yes --host ${addresses.nodes[0]?.endpoint ?? ""} --json`)
      child.stderr.destroy()
      const stdout = yield* Effect.promise(() => child.stdout.toArray())
      expect(JSON.parse(Buffer.concat(stdout).toString())).toMatchObject({ items: [{ availability: "drain" }] })
    })
  )

  it("is no failure where nobody reads on", async () => {
    const child = start("--help")
    child.stdout.destroy()
    expect(await once(child, "exit")).toEqual([0, null])
  })

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s interrupts the command", async (signal) => {
    const child = start("sim start --nodes 1 --managers 1")
    await once(child.stdout, "data")
    child.kill(signal)
    expect(await once(child, "exit")).toEqual([130, null])
  })
})
