/** What `evenkeel policy show` does. */
import type { showOptions } from "../commands/policy/commands.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as PolicyChange from "../PolicyChange.ts"
import { withEngine } from "../WithEngine.ts"

export const run = ({ host, ...choice }: Given<typeof showOptions>) =>
  PolicyChange.show(choice).pipe(withEngine({ host }))
