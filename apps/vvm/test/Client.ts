/** A plain client for the tests: one request, its whole answer. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { startVvm, type Vvm } from "../src/Vvm.ts"
import type { VvmOptions } from "../src/VvmOptions.ts"

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  readonly body: Buffer
  readonly json: () => unknown
}

export interface Ask {
  readonly path: string
  readonly method?: string
  readonly headers?: http.OutgoingHttpHeaders
  readonly body?: ReadonlyArray<Buffer | string>
  readonly agent?: http.Agent
}

export const ask = (port: number, { agent, body = [], headers, method = "GET", path }: Ask): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      path,
      method,
      headers: headers ?? {},
      agent: agent ?? false
    })
    request.once("error", reject)
    request.once("response", (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.once("error", reject)
      response.once("end", () => {
        const whole = Buffer.concat(chunks)
        const { headers: fields, statusCode = 0, trailers } = response
        resolve({
          status: statusCode,
          headers: fields,
          trailers,
          body: whole,
          json: () => JSON.parse(whole.toString())
        })
      })
    })
    for (const chunk of body) request.write(chunk)
    request.end()
  })

const identity = { service: "p2p_vvm1", task: "task1", node: "n1", slot: "1" }

/** Runs `use` with a VVM on a free port of the loopback and closes it, whatever happens. */
export const withVvm = async (
  options: Partial<VvmOptions>,
  use: (port: number, vvm: Vvm) => Promise<void>
): Promise<void> => {
  const vvm = await startVvm({ identity, host: "127.0.0.1", port: 0, lameDuckMs: 0, ...options })
  try {
    await use(vvm.port, vvm)
  } finally {
    const first = vvm.close()
    await vvm.close()
    await first
  }
}

/** Runs `use` with a server made of one handler. */
export const withServer = async (handler: http.RequestListener, use: (url: URL) => Promise<void>): Promise<void> => {
  const server = http.createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
