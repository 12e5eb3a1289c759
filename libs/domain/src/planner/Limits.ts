/** Whether a placement is as even as the policy asks for: what planning starts from and stops at. */
import type { Layout } from "./Layout.ts"

/** Groups, reservations and nodes; the services' own spread is `Spread`'s matter. */
export const areSharedKept = (layout: Layout): boolean => {
  const { maxGroupSkew, maxNodeSkew, weights } = layout.policy
  if (weights.tasks !== 0 && layout.nodeSkew() > Math.max(1, maxNodeSkew)) return false
  const limit = Math.max(1, maxGroupSkew)
  for (const group of layout.groups.keys()) if (layout.groupSkew(group) > limit) return false
  return layout.shares.deviation() <= 1e-9
}

export const areKept = (layout: Layout): boolean => {
  const limit = Math.max(1, layout.policy.maxServiceSkew)
  return areSharedKept(layout) && layout.members.every((member) => member.isSingle || layout.ownSkew(member) <= limit)
}
