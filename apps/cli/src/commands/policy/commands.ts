/** `evenkeel policy …`: what rebalancers go by, kept in the Swarm and the same for all of them. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Parameter from "../../grammar/Parameter.ts"
import * as Leaf from "../../Leaf.ts"

const common = () => ({ ...CommonOptions.engine(), ...CommonOptions.output() })

export const showOptions = common
export const setOptions = () => ({
  settings: Parameter.someArguments(
    "setting=value",
    "Such as mode=act, coolDown=5m, movesPerHour=30; evenkeel policy show names all.",
    1
  ),
  ...common()
})
export const unsetOptions = () => ({
  settings: Parameter.someArguments("setting", "Goes back to what the rebalancers' environment says.", 1),
  ...common()
})

export const commands: ReadonlyArray<Leaf.Leaf> = [
  Leaf.make({
    path: ["policy", "show"],
    about: "Shows all settings, pauses, quarantines and approved plans.",
    examples: [["evenkeel policy show", "what holds"]],
    options: showOptions,
    load: () => import("../../actions/PolicyShow.ts")
  }),
  Leaf.make({
    path: ["policy", "set"],
    about: "Sets some settings for all rebalancers, over their environment.",
    examples: [
      ["evenkeel policy set mode=act", "from now on rebalancers move tasks"],
      ["evenkeel policy set coolDown=5m movesPerHour=30", "several at once"],
      ["evenkeel policy set 'windows=0 2 * * * for 4h in Europe/Berlin'", "only at night"]
    ],
    options: setOptions,
    load: () => import("../../actions/PolicySet.ts")
  }),
  Leaf.make({
    path: ["policy", "unset"],
    about: "Takes settings back: the rebalancers' environment holds again.",
    examples: [["evenkeel policy unset mode", "as the environment says"]],
    options: unsetOptions,
    load: () => import("../../actions/PolicyUnset.ts")
  })
]
