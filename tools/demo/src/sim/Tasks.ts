/** What the running tasks of the sample workload are, by the engine of a node: for whoever leads requests to them. */
import * as http from "node:http"

/** A task that requests can be led to. */
export interface Backend {
  /** The service's short name. */
  readonly service: string
  /** The name that services share, if any. */
  readonly group: string | null
  readonly node: string
  readonly address: string
  readonly port: number
  /** Running still, and told to stop. */
  readonly isDraining: boolean
}

interface ListedTask {
  readonly ID: string
  readonly DesiredState?: string
  readonly Status?: { readonly State?: string }
}

const timeoutMs = 1_000

const tasksOf = (socketPath: string): Promise<ReadonlyArray<ListedTask>> =>
  new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path: "/tasks", agent: false, timeout: timeoutMs }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.once("error", reject)
      response.once("end", () => {
        try {
          if (response.statusCode === 200) resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")))
          else reject(new Error(`status ${response.statusCode}`))
        } catch (error) {
          reject(error)
        }
      })
    })
    request.once("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    request.once("error", reject)
  })

/** Those of `started` (by task id) that run. Rejects where the engine does not answer. */
export const running = async (
  socketPath: string,
  started: ReadonlyMap<string, Backend>
): Promise<ReadonlyArray<Backend>> =>
  (await tasksOf(socketPath)).flatMap(({ DesiredState, ID, Status }) => {
    const backend = Status?.State === "running" ? started.get(ID) : undefined
    return backend === undefined ? [] : [{ ...backend, isDraining: DesiredState !== "running" }]
  })
