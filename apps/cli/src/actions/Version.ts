/** What `evenkeel version` does. */
import type { options } from "../commands/version.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as Result from "../Result.ts"
import * as Version from "../Version.ts"

export const run = (choice: Given<typeof options>) =>
  Result.show(
    choice,
    "Version",
    { version: Version.version, node: process.versions.node },
    ({ version, node }) => `evenkeel ${version} (Node ${node})\n`
  )
