/** What `evenkeel policy show` does. */
import type * as Command from "@effect/cli/Command"
import type { showOptions } from "../commands/policy/commands.ts"
import * as PolicyChange from "../PolicyChange.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, ...choice }: Command.Command.ParseConfig<typeof showOptions>) =>
  PolicyChange.show(choice).pipe(withEngine({ host }))
