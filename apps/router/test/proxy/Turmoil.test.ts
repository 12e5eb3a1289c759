/** Everything at once: tasks die and return, drain, and nodes fall silent, while requests of every kind go on. */
import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { afterwards, type Backend, httpBackend, startProxy, type TaskSpec, tableOf, until } from "./support/Bench.ts"
import { fractionsOf } from "./support/Seeds.ts"

const methods = ["GET", "PUT", "DELETE", "POST"] as const

describe("in turmoil", () => {
  it.each([1, 2, 3])(
    "no idempotent request is lost, none is answered with another's answer, nothing is left behind (seed %i)",
    async (seed) => {
      const random = fractionsOf(seed)
      const handler: http.RequestListener = (req, res) => {
        let body = ""
        req.on("data", (bytes: Buffer) => (body += bytes.toString()))
        req.on("end", () => {
          const answer = () => res.end(`${req.method} ${req.url} ${body}`)
          if (random() < 0.5) answer()
          else setTimeout(answer, random() * 20)
        })
      }
      const backends: Array<Backend> = []
      for (let i = 0; i < 4; i++) backends.push(await httpBackend(handler))
      const states: Array<TaskSpec["state"]> = ["ready", "ready", "ready", "ready"]
      const table = () =>
        tableOf([
          {
            name: "s",
            holdMillis: 20_000,
            retries: 10,
            tasks: backends.map((at, i) => ({ task: `t${i}`, node: `n${i % 3}`, at, state: states[i] ?? "ready" }))
          }
        ])
      const { proxy, port } = await startProxy(table(), {
        random,
        limits: { probePaceMs: 20, ejectionBaseMs: 30, ejectionMaxMs: 60 }
      })
      const agent = new http.Agent({ keepAlive: true, maxSockets: 30 })
      afterwards(() => agent.destroy())

      const send = (i: number): Promise<string> =>
        new Promise((resolve) => {
          const method = methods[i % methods.length] ?? "GET"
          const body =
            method === "PUT" || method === "POST" ? `body ${i} ${"x".repeat(Math.floor(random() * 30_000))}` : ""
          const headers = { host: "s", "content-length": body.length }
          const outgoing = http.request(
            { port, host: "127.0.0.1", method, path: `/${i}`, headers, agent },
            (incoming) => {
              let text = ""
              incoming.on("data", (bytes: Buffer) => (text += bytes.toString()))
              incoming.on("error", (error) => resolve(`${method} ${error.message}`))
              incoming.on("end", () => {
                const right = incoming.statusCode === 200 && text === `${method} /${i} ${body}`
                resolve(right ? "right" : `${method} ${incoming.statusCode} ${text.slice(0, 80)}`)
              })
            }
          )
          outgoing.on("error", (error) => resolve(`${method} ${error.message}`))
          outgoing.end(body)
        })

      let over = false
      const disturb = async () => {
        while (!over) {
          const i = Math.floor(random() * backends.length)
          const backend = backends[i]
          const kind = random()
          if (backend !== undefined && kind < 0.4) {
            await backend.stop()
            await new Promise((resolve) => setTimeout(resolve, random() * 60))
            backends[i] = await httpBackend(handler, backend.host, backend.port)
          } else if (kind < 0.7) {
            states[i] = states[i] === "ready" ? "draining" : "ready"
            proxy.setTable(table())
          } else {
            proxy.setSuspectNodes(new Set(random() < 0.5 ? [`n${i % 3}`] : []))
          }
          await new Promise((resolve) => setTimeout(resolve, random() * 30))
        }
      }
      const disturbing = disturb()
      const outcomes: Array<Promise<string>> = []
      for (let i = 0; i < 1_000; i++) {
        outcomes.push(send(i))
        if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 3))
      }
      // A scale to nothing ends too.
      states.fill("ready")
      proxy.setTable(table())
      const results = await Promise.all(outcomes)
      over = true
      await disturbing
      const wrong = results.filter((result) => result !== "right")
      expect(wrong.filter((result) => !result.startsWith("POST 502"))).toEqual([])
      expect(wrong.length).toBeLessThan(100)
      await until(() => proxy.stats().totals.requestsInFlight === 0, "all have ended")
      expect(proxy.stats()).toMatchObject({ heldNow: 0, heldBytes: 0 })
      expect(proxy.stats().endpoints.map(({ outstanding }) => outstanding)).toEqual([0, 0, 0, 0])
    },
    30_000
  )
})
