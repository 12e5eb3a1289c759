import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { get } from "node:http"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import * as ProcessWorkload from "../src/sim/ProcessWorkload.ts"

const folder = mkdtempSync(join(tmpdir(), "evenkeel-demo-programs-"))
const main = join(folder, "program.mjs")
writeFileSync(
  main,
  `import { createServer } from "node:http"
if (process.env.FAILS) { console.error("told to fail"); process.exit(3) }
process.on("SIGTERM", () => process.exit(0))
createServer((_, response) => response.end(String(process.pid))).listen(Number(process.env.PORT), "127.0.0.1")
`
)
afterAll(() => {
  ProcessWorkload.killAll()
  rmSync(folder, { recursive: true, force: true })
})

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const program = async (env: Readonly<Record<string, string>> = {}): Promise<ProcessWorkload.Program> => {
  const port = await freePort()
  return {
    name: "the program",
    main,
    args: [],
    logFile: join(folder, "program.log"),
    env: { PORT: String(port), ...env },
    readyUrl: `http://127.0.0.1:${port}/`,
    port
  }
}

const answerOf = (url: string, timeoutMs = 5_000): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      let text = ""
      response.on("data", (chunk: Buffer) => (text += chunk.toString()))
      response.on("end", () => resolve(text))
    })
    request.once("timeout", () => request.destroy(new Error("silent")))
    request.once("error", reject)
  })

describe("ProcessWorkload", () => {
  it("runs a program once it is ready, and asks it to end", async () => {
    const wanted = await program()
    const running = await ProcessWorkload.run(wanted)
    expect(Number(await answerOf(wanted.readyUrl))).toBeGreaterThan(0)
    await running.close()
    expect(await running.ended).toBe(0)
    await expect(answerOf(wanted.readyUrl)).rejects.toThrow()
  })

  it.runIf(process.platform === "linux")("cuts a program off and back", async () => {
    const wanted = await program()
    const running = await ProcessWorkload.run(wanted)
    const pid = await answerOf(wanted.readyUrl)
    running.freeze?.()
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[2]).toBe("T")
    const waiting = answerOf(wanted.readyUrl, 60_000)
    running.thaw?.()
    expect(await waiting).toBe(pid)
    running.destroy()
    expect(await running.ended).toBe(137)
  })

  it("says which program ended as it started, and where its log is", async () => {
    const wanted = await program({ FAILS: "1" })
    await expect(ProcessWorkload.run(wanted)).rejects.toThrow(`the program ended as it started; see ${wanted.logFile}`)
    expect(readFileSync(wanted.logFile, "utf8")).toContain("told to fail")
  })

  it("ends programs whose starter is gone", async () => {
    const { env } = await program()
    const leash = join(import.meta.dirname, "../src/sim/Leash.ts")
    const child = spawn(process.execPath, ["--import", leash, main], { env, stdio: ["pipe", "ignore", "ignore"] })
    const ended = new Promise((resolve) => child.once("exit", resolve))
    child.stdin.destroy()
    expect(await ended).toBe(1)
  })
})
