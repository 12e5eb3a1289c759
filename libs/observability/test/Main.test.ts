import { describe, expect, it } from "vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const start = (mode: string) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./service.fixture.ts", import.meta.url)), mode], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let stderr = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  return {
    child,
    nextLine: async () => (await lines.next()).value as string | undefined,
    end: async () => {
      const [code, signal] = (await once(child, "close")) as [number | null, string | null]
      return { code, signal, stderr }
    }
  }
}

describe("Main.run", { timeout: 30_000 }, () => {
  it("closes its scopes on SIGTERM and ends with 0", async () => {
    const service = start("0")
    expect(await service.nextLine()).toBe("running")
    service.child.kill("SIGTERM")
    expect(await service.nextLine()).toBe("stopped")
    expect((await service.end()).code).toBe(0)
  })

  it("ends at once on the second signal", async () => {
    const service = start("never")
    expect(await service.nextLine()).toBe("running")
    service.child.kill("SIGTERM")
    expect(await service.nextLine()).toBe("stopping")
    service.child.kill("SIGTERM")
    expect((await service.end()).signal).toBe("SIGTERM")
  })

  it("logs a failure as one JSON line and ends with 1", async () => {
    const { code, stderr } = await start("fail").end()
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ level: "error", message: "the socket is missing" })
  })
})
