/** `evenkeel node ls`: the nodes of the Swarm. */
import * as Command from "@effect/cli/Command"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"

export const options = { ...CommonOptions.engine, ...CommonOptions.output }

export const about = "Lists the nodes with their state, availability and number of tasks."

export const command = Command.make(
  "ls",
  options,
  lazily(() => import("../../actions/NodeLs.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel node ls", "all nodes"],
      ["evenkeel node ls --format json", "for programs"]
    ])
  )
)
