/** What `evenkeel plan` does. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { options } from "../commands/plan.ts"
import type { Given } from "../grammar/Parameter.ts"
import * as ExitCode from "../ExitCode.ts"
import * as PlanFile from "../PlanFile.ts"
import { planNow } from "../PlanNow.ts"
import * as Result from "../Result.ts"
import { Screen } from "../Screen.ts"
import { withEngine } from "../WithEngine.ts"
import * as PlanView from "../views/PlanView.ts"

export const run = (given: Given<typeof options>) =>
  Effect.gen(function* () {
    const { coolDown, detailedExitcode, explain, out, ...choice } = given
    const view = yield* planNow(coolDown, explain)
    const path = Option.getOrUndefined(out)
    if (path !== undefined) {
      yield* PlanFile.write(path, view)
      yield* Effect.flatMap(Screen, ({ tell }) => tell(`written: ${path}. Carry it out: evenkeel apply ${path}`))
    }
    yield* choice.format === "json"
      ? Result.show(choice, "Plan", PlanView.fields(view), () => "")
      : Result.show(choice, "Plan", view, PlanView.render)
    if (detailedExitcode && !view.plan.isEmpty)
      return yield* new ExitCode.ExitWith({ exitCode: ExitCode.changesPending })
  }).pipe(withEngine(given))
