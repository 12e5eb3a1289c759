/** http-proxy and http-proxy-3 from npm, on the same Node as the router. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Missing } from "../../Children.ts"
import { peerOf, type StartPeer } from "../Peer.ts"

const installed = (name: string): string => {
  try {
    // The package's own directory: not every package lets its package.json be imported.
    let folder = dirname(createRequire(import.meta.url).resolve(name))
    for (;;) {
      try {
        const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
          name?: string
          version?: string
        }
        if (found.name === name) return found.version ?? "?"
      } catch {
        // Not here.
      }
      if (folder === dirname(folder)) return "?"
      folder = dirname(folder)
    }
  } catch {
    throw new Missing(`${name} is not installed (npm ci)`)
  }
}

export const startNodeProxy =
  (name: "http-proxy" | "http-proxy-3"): StartPeer =>
  async (setting) => {
    const version = installed(name)
    const { backend, port } = setting
    const lists = [backend.http, backend.echo].map((list) => list.map((one) => `${one.host}:${one.port}`).join(","))
    const program = join(import.meta.dirname, "../NodeProxyProgram.ts")
    return peerOf(name, version, setting, {
      command: process.execPath,
      args: ["--no-deprecation", program, name, String(port), ...lists],
      env: { NODE_ENV: "production" }
    })
  }
