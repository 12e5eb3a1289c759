/** Servers of other makes, where they are installed, between the router and a test's own backend. */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterwards, type Backend, refusedPort } from "./Bench.ts"

export const makes = ["node", "nginx", "haproxy", "caddy"] as const
export type Make = (typeof makes)[number]

/** `node` is the test's own backend, with nothing in front of it. */
export const isInstalled = (make: Make): boolean =>
  make === "node" || spawnSync("sh", ["-c", `command -v ${make}`]).status === 0

const startWithinMs = 20_000

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

interface Setup {
  readonly configuration: string
  readonly command: (file: string) => ReadonlyArray<string>
}

const setups: Readonly<Record<Exclude<Make, "node">, (folder: string, port: number, to: number) => Setup>> = {
  nginx: (folder, port, to) => ({
    configuration:
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events { }\n` +
      `http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;\n` +
      `uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; upstream u { server 127.0.0.1:${to}; keepalive 8; }\n` +
      `server { listen 127.0.0.1:${port}; location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; } } }\n`,
    command: (file) => ["nginx", "-c", file]
  }),
  haproxy: (_, port, to) => ({
    configuration:
      `defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n http-reuse always\n` +
      `listen all\n bind 127.0.0.1:${port}\n server s 127.0.0.1:${to}\n`,
    command: (file) => ["haproxy", "-db", "-f", file]
  }),
  caddy: (_, port, to) => ({
    configuration:
      `{\n admin off\n auto_https off\n}\n` + `http://:${port} {\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:${to}\n}\n`,
    command: (file) => ["caddy", "run", "--adapter", "caddyfile", "--config", file]
  })
}

/** Where `make` listens and passes requests on to `backend`. It ends with the test. */
export const inFront = async (
  make: Make,
  backend: Backend
): Promise<{ readonly host: string; readonly port: number }> => {
  if (make === "node") return backend
  const { port } = await refusedPort()
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-exchanges-"))
  const file = join(folder, "conf")
  const { command, configuration } = setups[make](folder, port, backend.port)
  writeFileSync(file, configuration)
  const [program = "", ...args] = command(file)
  const environment = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(program, args, { stdio: "ignore", env: environment })
  const exited = new Promise((resolve) => child.once("exit", resolve))
  afterwards(async () => {
    child.kill("SIGKILL")
    await exited
    rmSync(folder, { recursive: true, force: true })
  })
  const from = performance.now()
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - from > startWithinMs) throw new Error(`${make} does not start`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return { host: "127.0.0.1", port }
}
