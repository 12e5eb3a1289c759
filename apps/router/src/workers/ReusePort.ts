/** Whether several processes may listen on one port here (SO_REUSEPORT), found by trying it. */
import * as net from "node:net"

/** Resolves to null when they may, else to the system's reason. */
export const whyNoReusePort = (): Promise<string | null> =>
  new Promise((resolve) => {
    const server = net.createServer()
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host: "127.0.0.1", port: 0, reusePort: true }, () => server.close(() => resolve(null)))
  })
