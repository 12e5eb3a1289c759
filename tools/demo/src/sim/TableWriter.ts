/**
 * Writes the routing table for routers of a machine that has one address only: there a table that the feed sends cannot tell
 * tasks of one service apart, because it knows one port for all of them. Follows whichever manager answers.
 */
import { renameSync, writeFileSync } from "node:fs"
import type { Backend } from "./Tasks.ts"

const everyMs = 100
/** As routers hold requests to a group of services of one replica. */
const holdMillis = 60_000

/** The short form of a table, see `router --help`. */
export const tableOf = (services: ReadonlyArray<string>, backends: ReadonlyArray<Backend>): string =>
  JSON.stringify({
    services: services.map((name) => ({
      name,
      ...(/^vvm\d+$/.test(name) ? { group: "vvm", holdMillis } : {}),
      endpoints: backends
        .filter(({ service }) => service === name)
        .map(({ address, isDraining, node, port }) => ({
          address: `${address}:${port}`,
          node,
          state: isDraining ? "draining" : "ready"
        }))
    }))
  })

/** Writes until the process ends. `read` rejects where no manager answers: then the table stays as it is. */
export const start = (
  file: string,
  services: ReadonlyArray<string>,
  read: () => Promise<ReadonlyArray<Backend>>
): void => {
  let written = ""
  const write = (text: string): void => {
    if (text === written) return
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
    written = text
  }
  write(tableOf(services, []))
  const follow = async (): Promise<void> => {
    await read()
      .then((backends) => write(tableOf(services, backends)))
      .catch(() => undefined)
    setTimeout(() => void follow(), everyMs)
  }
  void follow()
}
