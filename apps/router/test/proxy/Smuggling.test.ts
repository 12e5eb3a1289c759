/**
 * Whole exchanges through the router to servers that parse by their own rules: what is hidden in a body is never taken for a
 * request, and clients get an answer for each request that a task had, in order. Node's server always; nginx and HAProxy, in
 * front of it, where they are installed. EVENKEEL_FUZZ_MINUTES makes it go on from a seed of its own.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { afterwards, type Backend, httpBackend, refusedPort, startProxy, tableOf, until } from "./support/Bench.ts"
import { smuggling } from "./support/Smuggling.ts"

const minutes = Number(process.env["EVENKEEL_FUZZ_MINUTES"] ?? 0)
const cases = 400
const together = 16
const has = (command: string): boolean => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0

type Via = "node" | "nginx" | "haproxy"

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

/** A server of another make between the router and `backend`. */
const inFront = async (via: Via, backend: Backend): Promise<{ readonly host: string; readonly port: number }> => {
  if (via === "node") return backend
  const { port } = await refusedPort()
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-smuggling-"))
  const file = join(folder, "conf")
  const nginx =
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events { }\n` +
    `http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;\n` +
    `uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; upstream u { server 127.0.0.1:${backend.port}; keepalive 8; }\n` +
    `server { listen 127.0.0.1:${port}; location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; } } }\n`
  const haproxy =
    `defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n http-reuse always\n` +
    `listen all\n bind 127.0.0.1:${port}\n server s 127.0.0.1:${backend.port}\n`
  writeFileSync(file, via === "nginx" ? nginx : haproxy)
  const child = via === "nginx" ? spawn("nginx", ["-c", file]) : spawn("haproxy", ["-db", "-f", file])
  const exited = new Promise((resolve) => child.once("exit", resolve))
  afterwards(async () => {
    child.kill("SIGKILL")
    await exited
    rmSync(folder, { recursive: true, force: true })
  })
  let up = false
  const ask = async () => {
    while (!up && child.exitCode === null) up = await accepts(port)
  }
  void ask()
  await until(() => up || child.exitCode !== null, `${via} listens`)
  if (!up) throw new Error(`${via} does not start`)
  return { host: "127.0.0.1", port }
}

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

function* seeds(): Generator<number> {
  if (minutes === 0) for (let seed = 1; seed <= cases; seed++) yield seed
  const end = performance.now() + minutes * 60_000
  for (let seed = (Date.now() % 1e9) | 0; performance.now() < end; seed++) yield seed
}

describe.each(["node", "nginx", "haproxy"] as const)("requests hidden in bodies, before %s", (via) => {
  it.skipIf(via !== "node" && !has(via))(
    "are not found there, and every request seen is answered",
    { timeout: 60_000 + minutes * 60_000 },
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
      const all = seeds()
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
