/** Every fixed scenario. */
import type { Scenario } from "../Scenario.ts"
import { basics } from "./Basics.ts"
import { failures } from "./Failures.ts"
import { jobs } from "./Jobs.ts"
import { managers } from "./Managers.ts"
import { placement } from "./Placement.ts"
import { refusals } from "./Refusals.ts"

export const scenarios: ReadonlyArray<Scenario> = [
  ...basics,
  ...failures,
  ...placement,
  ...refusals,
  ...jobs,
  ...managers
]
