/**
 * A program: one of Node's usual proxy packages as its readme shows it, with connections to the backends kept alive.
 * `node NodeProxyProgram.ts PACKAGE PORT MAIN ECHO`, the origins comma-separated as `host:port`.
 */
import * as http from "node:http"
import { createRequire } from "node:module"
import type { Duplex } from "node:stream"

interface Proxy {
  on(event: "error", listener: (error: Error, request: unknown, response: unknown) => void): void
  web(request: http.IncomingMessage, response: http.ServerResponse, options: { target: string }): void
  ws(request: http.IncomingMessage, socket: Duplex, head: Buffer, options: { target: string }): void
}

const [name = "", port = "", ...lists] = process.argv.slice(2)
const load = createRequire(import.meta.url)(name) as { createProxyServer(options: object): Proxy }
const [main = [], echo = []] = lists.map((list) => list.split(",").map((origin) => `http://${origin}`))
const proxy = load.createProxyServer({ agent: new http.Agent({ keepAlive: true, maxFreeSockets: 256 }), xfwd: true })
proxy.on("error", (_error, _request, response) => {
  if (response instanceof http.ServerResponse) response.writeHead(502).end()
  else (response as Duplex | undefined)?.destroy()
})
let turn = 0
const targetOf = (url: string | undefined): { target: string } => {
  const origins = url?.startsWith("/echo") === true ? echo : main
  return { target: origins[turn++ % origins.length] ?? "" }
}
const server = http.createServer({ requestTimeout: 0 }, (request, response) =>
  proxy.web(request, response, targetOf(request.url))
)
server.on("upgrade", (request, socket, head) => proxy.ws(request, socket, head, targetOf(request.url)))
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 8_192 })
