/**
 * Stands in for what Swarm itself does with requests, where no router of ours runs: a name leads to its running tasks as a
 * manager lists them, in turn, a new connection each, and nothing is tried twice. A name without a task refuses connections.
 */
import * as http from "node:http"
import { type AddressInfo, connect } from "node:net"
import type { Duplex } from "node:stream"
import type { RunningWorkload } from "@evenkeel/swarm-sim/runtime/Workload"
import type { Backend } from "./Tasks.ts"

export interface MeshOptions {
  readonly address: string
  /** 0 lets it choose. */
  readonly port: number
  /** Running tasks by the node's own engine; rejects where it does not answer. */
  readonly backends: () => Promise<ReadonlyArray<Backend>>
  /** How long a task's end or beginning takes to be known on all nodes. */
  readonly gossipMs: number
}

/** Which tasks a name leads to: those that are told to stop are unbound first. */
export const backendsOf = (name: string, all: ReadonlyArray<Backend>): ReadonlyArray<Backend> =>
  all.filter(({ group, isDraining, service }) => !isDraining && (service === name || group === name))

const forward = (request: http.IncomingMessage, response: http.ServerResponse, to: Backend): void => {
  const outgoing = http.request(
    {
      host: to.address,
      port: to.port,
      method: request.method,
      path: request.url,
      headers: request.headers,
      agent: false
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.once("error", () => response.destroy())
      answer.once("close", () => answer.complete || response.destroy())
      answer.pipe(response)
    }
  )
  outgoing.once("error", () => response.destroy())
  response.once("close", () => outgoing.destroy())
  request.pipe(outgoing)
}

/** WebSockets: the bytes of both sides as they come. */
const forwardUpgrade = (request: http.IncomingMessage, client: Duplex, head: Buffer, to: Backend): void => {
  const task = connect({ host: to.address, port: to.port }, () => {
    const names = request.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1] ?? ""}`] : []))
    task.write([`${request.method ?? "GET"} ${request.url ?? "/"} HTTP/1.1`, ...names, "", ""].join("\r\n"))
    task.write(head)
    client.pipe(task).pipe(client)
  })
  for (const [one, other] of [
    [client, task],
    [task, client]
  ] as const) {
    one.once("error", () => other.destroy())
    one.once("close", () => other.destroy())
  }
}

export const start = async ({ address, backends, gossipMs, port }: MeshOptions): Promise<RunningWorkload> => {
  let known: ReadonlyArray<Backend> = []
  let turn = 0
  let isOver = false
  const learn = async (): Promise<void> => {
    // An engine that does not answer changes nothing on its node.
    known = await backends().catch(() => known)
    if (!isOver) timer = setTimeout(() => void learn(), gossipMs)
  }
  let timer = setTimeout(() => void learn(), 0)
  const choose = ({ headers }: http.IncomingMessage): Backend | undefined => {
    const candidates = backendsOf((headers.host ?? "").split(":", 1)[0] ?? "", known)
    return candidates[turn++ % Math.max(1, candidates.length)]
  }
  const server = http.createServer((request, response) => {
    const chosen = choose(request)
    if (chosen === undefined) request.socket.destroy()
    else forward(request, response, chosen)
  })
  const upgraded = new Set<Duplex>()
  server.on("upgrade", (request: http.IncomingMessage, client: Duplex, head: Buffer) => {
    const chosen = choose(request)
    upgraded.add(client)
    client.once("close", () => upgraded.delete(client))
    if (chosen === undefined) client.destroy()
    else forwardUpgrade(request, client, head, chosen)
  })
  const end = (): void => {
    isOver = true
    clearTimeout(timer)
    for (const client of upgraded) client.destroy()
    server.closeAllConnections()
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen({ host: address, port }, resolve)
  }).catch((error: unknown) => {
    end()
    throw error
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        end()
      }),
    destroy: () => {
      server.close()
      end()
    }
  }
}
