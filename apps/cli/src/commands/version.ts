/** `evenkeel version`: which build this is. */
import * as Command from "@effect/cli/Command"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import * as Result from "../Result.ts"
import * as Version from "../Version.ts"

export const options = { ...CommonOptions.output }

export const about = "Shows the version of this command."

export const command = Command.make("version", options, (choice) =>
  Result.show(
    choice,
    "Version",
    { version: Version.version, node: process.versions.node },
    ({ version, node }) => `evenkeel ${version} (Node ${node})\n`
  )
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel version", "for people"],
      ["evenkeel version --format json", "for programs"]
    ])
  )
)
