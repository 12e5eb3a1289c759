/**
 * Whole exchanges through the router to servers that parse by their own rules: what is hidden in a body is never taken for a
 * request, and clients get an answer for each request that a task had, in order. Node's server always; nginx, HAProxy and
 * Caddy, in front of it, where they are installed. EVENKEEL_FUZZ_MINUTES makes it go on from a seed of its own.
 */
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { httpBackend, startProxy, tableOf } from "./support/Bench.ts"
import { fuzzMinutes, seeds } from "./support/Seeds.ts"
import { inFront, isInstalled, makes } from "./support/Servers.ts"
import { smuggling } from "./support/Smuggling.ts"

const cases = 400
const together = 16

/** All that comes back for `bytes`, after which the client says no more. */
const exchange = (port: number, bytes: Buffer): Promise<string> =>
  new Promise((resolve) => {
    let text = ""
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    socket.on("data", (piece: Buffer) => (text += piece.toString("latin1")))
    socket.on("end", () => socket.destroy())
    socket.on("error", () => undefined)
    socket.on("close", () => resolve(text))
    socket.write(bytes)
    // An end right away would be taken for a client that has given up.
    let length = -1
    const timer = setInterval(() => {
      if (text.length === length) socket.end()
      length = text.length
    }, 100)
    socket.on("close", () => clearInterval(timer))
  })

describe.each(makes)("requests hidden in bodies, before %s", (via) => {
  it.skipIf(!isInstalled(via))(
    "are not found there, and every request seen is answered",
    { timeout: 120_000 + fuzzMinutes * 60_000 },
    async () => {
      const seen: Array<string> = []
      const backend = await httpBackend((request, response) => {
        seen.push(request.url ?? "")
        request.resume()
        request.on("end", () => response.end(`<${request.url}>`))
        request.on("error", () => response.destroy())
      })
      const at = await inFront(via, backend)
      const { port } = await startProxy(tableOf([{ name: "web", tasks: [{ task: "t", at }] }]), {
        // Only one try each: what is seen is what was let through.
        limits: { halfCloseGraceMs: 200, lingerMs: 100, unansweredToEject: 1_000_000, gatewayErrorsToEject: 1_000_000 }
      })
      const all = seeds([], cases)
      let answeredInAll = 0
      const work = async () => {
        for (const seed of all) {
          const { bytes } = smuggling(seed)
          const text = await exchange(port, bytes)
          const answered = [...text.matchAll(/<(\/[^>]*)>/g)].map(([, url]) => url)
          answeredInAll += answered.length
          if (seen.includes("/hidden")) expect.fail(`seed ${seed} or one beside it: the hidden request was read`)
          const own = answered.every((url, i) => url === `/seen?${seed}.${i}`)
          if (!own)
            expect.fail(`seed ${seed}: answers ${answered.join(" ")} for ${JSON.stringify(bytes.toString("latin1"))}`)
        }
      }
      await Promise.all(Array.from({ length: together }, work))
      // The cases must not drift to where nothing gets through.
      expect(answeredInAll).toBeGreaterThan(cases / 4)
    }
  )
})
