/** Holds everything while it is not known what operators have said: somebody may have pressed pause. */
import { all, type Brake } from "./Brake.ts"

export const brake: Brake = {
  name: "policy-unknown",
  decides: "that nothing begins while pauses, policy and history cannot be read from the Swarm",
  settings: [],
  yieldsToApproval: false,
  engaged: ({ state: { policyFailure } }) =>
    policyFailure === null
      ? []
      : [
          {
            brake: "policy-unknown",
            scope: all,
            reason: `the policy in the Swarm cannot be read: ${policyFailure}`,
            untilMillis: null
          }
        ]
}
