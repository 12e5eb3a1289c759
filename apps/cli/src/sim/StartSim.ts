/** What `evenkeel sim start` does: the same as the server process of the embedded Swarm, told as this command tells things. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SimOptions from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import * as Table from "../Table.ts"
import type { options } from "./start.ts"
import type { Given } from "../grammar/Parameter.ts"

const names = ["nodes", "managers", "sockets", "tcp", "speed", "seed", "runtime", "workload", "heartbeat"] as const

const render = ({ control, nodes }: SimServer.SimAddresses, { paint }: Result.View): string => {
  const [first] = nodes
  const rows = nodes.map(({ endpoint, hostname, manager }) => [hostname, manager ? "manager" : "worker", endpoint])
  return [
    Table.render([{ title: "NODE" }, { title: "ROLE" }, { title: "ENDPOINT" }], rows, paint),
    `Try: docker -H ${first?.endpoint ?? control} node ls`,
    `     evenkeel sim status --sim ${control}\n`
  ].join("\n")
}

export const run = (given: Given<typeof options>) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const words = names.flatMap((name) =>
      Option.match(given[name], { onNone: () => [], onSome: (value) => [`--${name}=${value}`] })
    )
    const parsed = yield* Effect.try({
      try: () => SimOptions.fromArguments(words),
      catch: (error) =>
        error instanceof SimOptions.SimOptionsInvalid
          ? error
          : new SimOptions.SimOptionsInvalid({ problems: [String(error)] })
    })
    if (parsed === "help") return
    const server = yield* SimServer.make(parsed, (line) => void Effect.runFork(screen.tell(line)))
    yield* Result.show(given, "Simulation", server.addresses, render)
    return yield* Effect.never
  }).pipe(Effect.scoped)
