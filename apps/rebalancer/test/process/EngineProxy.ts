/**
 * A socket proxy in front of an engine, as operators put one before the rebalancer: it passes on what is allowed, refuses the rest
 * with 403, and keeps what was asked.
 */
import { readFileSync } from "node:fs"
import * as http from "node:http"
import { join } from "node:path"

const page = join(import.meta.dirname, "../../../../docs/subsystems/rebalancer.md")

/** Rows such as `| GET | /services/{id} | … |` of the page about the rebalancer. */
export const documented: ReadonlyArray<string> = [
  ...readFileSync(page, "utf8").matchAll(/^\| (GET|POST|DELETE) +\| `(\/[^`]*)` +\|/gm)
].map(([, method, path]) => `${method} ${path}`)

/** The row that allows a call; undefined where none does. */
export const rowOf = (rows: ReadonlyArray<string>, method: string, url: string): string | undefined => {
  const path = url.replace(/\?.*$/, "").replace(/^\/v[\d.]+/, "")
  return rows.find((row) => {
    const [wanted = "", pattern = ""] = row.split(" ")
    const segments = pattern
      .split("/")
      .map((segment) => (segment === "{id}" ? "[^/]+" : segment.replaceAll(".", "\\.")))
    return wanted === method && new RegExp(`^${segments.join("/")}$`).test(path)
  })
}

export interface Asked {
  readonly method: string
  readonly url: string
  /** Undefined: it was refused. */
  readonly row: string | undefined
  readonly body: string
}

export interface EngineProxy {
  readonly asked: ReadonlyArray<Asked>
  readonly stop: () => Promise<void>
}

export const start = (socketPath: string, engine: string, rows: ReadonlyArray<string>): Promise<EngineProxy> => {
  const asked: Array<Asked> = []
  const server = http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { headers, method = "", url = "" } = request
      const body = Buffer.concat(chunks)
      const row = rowOf(rows, method, url)
      asked.push({ method, url, row, body: body.toString("utf8") })
      if (row === undefined) {
        response.writeHead(403)
        response.end("this socket proxy does not allow that call\n")
        return
      }
      const passed = http.request({ socketPath: engine, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
        answer.on("error", () => response.destroy())
      })
      passed.on("error", () => response.destroy())
      response.on("close", () => passed.destroy())
      passed.end(body)
    })
  })
  return new Promise((resolve, reject) => {
    server.on("error", reject)
    server.listen(socketPath, () =>
      resolve({
        asked,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped())
            server.closeAllConnections()
          })
      })
    )
  })
}
