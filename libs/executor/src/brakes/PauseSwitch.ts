/** The switch that operators have in hand: nothing begins, of any service or of one. */
import { all, type Brake, type Scope } from "./Brake.ts"
import { pausesAt, type Pause } from "./Policy.ts"

const scopeOf = ({ service, serviceName }: Pause): Scope =>
  service === null ? all : { kind: "service", service, name: serviceName ?? service }

export const brake: Brake = {
  name: "pause",
  decides: "whether an operator has paused all moves, or those of a service",
  settings: [],
  yieldsToApproval: false,
  engaged: ({ nowMillis, state }) =>
    pausesAt(state.policy, nowMillis).map((pause) => {
      const why = pause.because === "" ? "" : `: ${pause.because}`
      const what = pause.service === null ? "all moves are" : `service ${pause.serviceName ?? pause.service} is`
      return {
        brake: "pause",
        scope: scopeOf(pause),
        reason: `${what} paused by ${pause.by}${why}`,
        untilMillis: pause.untilMillis
      }
    })
}
