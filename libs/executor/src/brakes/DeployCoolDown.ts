/**
 * Leaves a service alone after somebody else wrote it: whoever deploys wants to see what becomes of it, may roll back, or is a
 * machine that writes again (an autoscaler). What counts as somebody else's write is `Decision.deployedAtMillis`'s to say.
 */
import { deployedAtMillis } from "../Decision.ts"
import type { Brake, Engaged } from "./Brake.ts"

export const brake: Brake = {
  name: "deploy-cool-down",
  decides: "whether a service was deployed, scaled or rolled back a short while ago",
  settings: ["coolDownMillis"],
  yieldsToApproval: true,
  engaged: ({ nowMillis, snapshot, state: { settings } }) =>
    snapshot.services.flatMap((service): Array<Engaged> => {
      // A cool-down of 0 holds nothing, also where the clock that Swarm wrote by is ahead of this one.
      if (service.mode.kind !== "replicated" || settings.coolDownMillis === 0) return []
      const atMillis = deployedAtMillis(service)
      if (atMillis === null || nowMillis - atMillis >= settings.coolDownMillis) return []
      const { id, name } = service
      return [
        {
          brake: "deploy-cool-down",
          scope: { kind: "service", service: id, name },
          reason: `service ${name} was deployed a short while ago`,
          untilMillis: atMillis + settings.coolDownMillis
        }
      ]
    })
}
