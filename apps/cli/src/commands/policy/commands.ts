/** `evenkeel policy …`: what rebalancers go by, kept in the Swarm and the same for all of them. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"

const common = { ...CommonOptions.engine, ...CommonOptions.output }

export const showOptions = common
export const setOptions = {
  settings: Args.text({ name: "setting=value" }).pipe(
    Args.withDescription("Such as mode=act, coolDown=5m, movesPerHour=30; evenkeel policy show names all."),
    Args.atLeast(1)
  ),
  ...common
}
export const unsetOptions = {
  settings: Args.text({ name: "setting" }).pipe(
    Args.withDescription("Goes back to what the rebalancers' environment says."),
    Args.atLeast(1)
  ),
  ...common
}

const abouts = {
  show: "Shows all settings, pauses, quarantines and approved plans.",
  set: "Sets some settings for all rebalancers, over their environment.",
  unset: "Takes settings back: the rebalancers' environment holds again."
}

const show = Command.make(
  "show",
  showOptions,
  lazily(() => import("../../actions/PolicyShow.ts"))
).pipe(Command.withDescription(describe(abouts.show, [["evenkeel policy show", "what holds"]])))

const set = Command.make(
  "set",
  setOptions,
  lazily(() => import("../../actions/PolicySet.ts"))
).pipe(
  Command.withDescription(
    describe(abouts.set, [
      ["evenkeel policy set mode=act", "from now on rebalancers move tasks"],
      ["evenkeel policy set coolDown=5m movesPerHour=30", "several at once"],
      ["evenkeel policy set 'windows=0 2 * * * for 4h in Europe/Berlin'", "only at night"]
    ])
  )
)

const unset = Command.make(
  "unset",
  unsetOptions,
  lazily(() => import("../../actions/PolicyUnset.ts"))
).pipe(Command.withDescription(describe(abouts.unset, [["evenkeel policy unset mode", "as the environment says"]])))

export const command = Command.make("policy").pipe(
  Command.withDescription(
    describe("Shows and sets what rebalancers go by; kept in the Swarm, the same for all of them.", [
      ["evenkeel policy show", "what holds"],
      ["evenkeel policy set mode=act", "from now on rebalancers move tasks"],
      ["evenkeel policy unset mode", "as their environment says"]
    ])
  ),
  Command.withSubcommands([show, set, unset])
)

/** For the list of all commands. */
export const words = [
  { path: ["policy", "show"], about: abouts.show, options: showOptions },
  { path: ["policy", "set"], about: abouts.set, options: setOptions },
  { path: ["policy", "unset"], about: abouts.unset, options: unsetOptions }
]
