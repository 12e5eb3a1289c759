/** HAProxy: one thread, connections to the backends shared, no log. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Missing } from "../../Children.ts"
import { peerOf, type Setting, type StartPeer, versionOf } from "../Peer.ts"
import { descriptors, hasCommand } from "../Pinned.ts"

const servers = (origins: ReadonlyArray<{ readonly host: string; readonly port: number }>): string =>
  origins.map(({ host, port }, i) => `  server s${i} ${host}:${port}`).join("\n")

const config = ({ backend, port }: Setting) => `
global
  nbthread 1
  maxconn ${Math.floor((descriptors - 100) / 2)}
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend all
  bind 127.0.0.1:${port} backlog 8192
  use_backend echo if { path_beg /echo }
  default_backend main
backend main
  balance leastconn
${servers(backend.http)}
backend echo
  balance leastconn
${servers(backend.echo)}
`

export const startHaproxy: StartPeer = async (setting) => {
  if (!hasCommand("haproxy")) throw new Missing("haproxy is not installed (apt-get install haproxy)")
  const file = join(setting.folder, "haproxy.cfg")
  writeFileSync(file, config(setting))
  return peerOf("haproxy", versionOf("haproxy", ["-v"]), setting, { command: "haproxy", args: ["-db", "-f", file] })
}
