/** Policy and history where they live: in Swarm's raft, the same for every instance and every leader. */
import * as MoveHistory from "./MoveHistory.ts"
import * as Policy from "./Policy.ts"
import * as RaftDocument from "./RaftDocument.ts"

/** `evenkeel-policy-<n>`: what operators have said. Written by anybody with access to the engine. */
export const policy = RaftDocument.make({ kind: "policy", schema: Policy.Policy, none: Policy.none })

/** `evenkeel-history-<n>`: moves that have ended. Written by the instance that leads. */
export const history = RaftDocument.make({
  kind: "history",
  schema: MoveHistory.MoveHistory,
  none: MoveHistory.none
})
