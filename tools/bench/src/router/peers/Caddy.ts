/** Caddy with as many Go threads as it has cores here: one. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Missing } from "../../Children.ts"
import { peerOf, type Setting, type StartPeer, versionOf } from "../Peer.ts"
import { hasCommand } from "../Pinned.ts"

const origins = (list: ReadonlyArray<{ readonly host: string; readonly port: number }>): string =>
  list.map(({ host, port }) => `${host}:${port}`).join(" ")

const config = ({ backend, folder, port }: Setting) => `
{
  admin off
  auto_https off
  storage file_system ${folder}/caddy
  log {
    output discard
  }
}
:${port} {
  bind 127.0.0.1
  reverse_proxy /echo* ${origins(backend.echo)}
  reverse_proxy ${origins(backend.http)} {
    transport http {
      keepalive_idle_conns_per_host 256
    }
  }
}
`

export const startCaddy: StartPeer = async (setting) => {
  if (!hasCommand("caddy")) throw new Missing("caddy is not installed (apt-get install caddy)")
  const file = join(setting.folder, "Caddyfile")
  writeFileSync(file, config(setting))
  return peerOf("caddy", versionOf("caddy", ["version"]), setting, {
    command: "caddy",
    args: ["run", "--adapter", "caddyfile", "--config", file],
    env: { GOMAXPROCS: "1", HOME: setting.folder }
  })
}
