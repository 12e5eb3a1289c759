/**
 * A VVM: the sample workload that stacks, drills and the embedded Swarm run. One HTTP server that names its task, streams,
 * echoes, fails on request and calls its peers. This module owns the server's life: how it listens and how it drains.
 */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { Calls } from "./Calls.ts"
import { serve, type Workload } from "./Endpoints.ts"
import { Streams } from "./Streams.ts"
import { VvmMetrics } from "./VvmMetrics.ts"
import type { VvmOptions } from "./VvmOptions.ts"

export interface Vvm {
  /** The port it listens on. */
  readonly port: number
  /**
   * Drains: answers for `lameDuckMs` more with `Connection: close`, then stops accepting, waits for requests under way, ends
   * streams (event `bye`, WebSocket close 1001), and after `drainDeadlineMs` cuts what is left. Called again it cuts at once.
   */
  readonly close: () => Promise<void>
}

/** Routers keep their pooled connections idle for less than this. */
const keepAliveMs = 75_000

const isWebSocket = (request: http.IncomingMessage): boolean =>
  request.headers.upgrade?.toLowerCase() === "websocket" && /^\/ws(\?|$)/.test(request.url ?? "")

/** Starts a VVM; rejects where the port cannot be bound. */
export const startVvm = (options: VvmOptions): Promise<Vvm> => {
  const { identity } = options
  const metrics = new VvmMetrics(identity)
  const timeoutMs = options.callTimeoutMs ?? 150_000
  const workload: Workload = {
    identity,
    metrics,
    calls: new Calls({ identity, metrics, routerUrl: options.routerUrl, timeoutMs }),
    streams: new Streams(identity, metrics),
    healthy: true,
    draining: false,
    failureDebt: 0
  }
  const server = http.createServer(
    {
      keepAliveTimeout: keepAliveMs,
      headersTimeout: keepAliveMs + 5_000,
      // An upload may take as long as it takes; the deadline for its head is enough against idlers.
      requestTimeout: 0,
      shouldUpgradeCallback: isWebSocket
    },
    (request, response) => {
      serve(request, response, workload)
      if (workload.draining) response.once("close", () => setImmediate(() => server.closeIdleConnections()))
    }
  )
  server.on("upgrade", (request, connection, head) => workload.streams.upgrade(request, connection, head))

  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen({ port: options.port ?? 8080, host: options.host ?? "0.0.0.0" }, () => {
      server.off("error", reject)
      const { port } = server.address() as AddressInfo
      const close = closer(server, workload, options)
      resolve({ port, close })
    })
  })
}

const closer = (server: http.Server, workload: Workload, options: VvmOptions): (() => Promise<void>) => {
  let closing: Promise<void> | undefined
  const cut = (): void => {
    workload.streams.terminate()
    server.closeAllConnections()
  }
  return () => {
    if (closing !== undefined) {
      server.close()
      cut()
      return closing
    }
    workload.draining = true
    closing = new Promise((resolve) => {
      const deadline = setTimeout(cut, options.drainDeadlineMs ?? 8_000)
      server.once("close", () => {
        clearTimeout(deadline)
        clearTimeout(lameDuck)
        clearInterval(idle)
        workload.streams.terminate()
        workload.calls.close()
        resolve()
      })
      // A response whose head went out before the drain began leaves its connection open and idle.
      const idle = setInterval(() => server.listening || server.closeIdleConnections(), 50)
      workload.streams.end()
      const lameDuck = setTimeout(() => server.close(), options.lameDuckMs ?? 250)
    })
    return closing
  }
}
