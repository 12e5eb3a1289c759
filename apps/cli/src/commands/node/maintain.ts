/** `evenkeel node maintain`: takes nodes out of service one after the other, and brings each back. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../../CommonOptions.ts"
import { describe } from "../../Describing.ts"
import { lazily } from "../../Lazily.ts"
import { emptying } from "./drain.ts"

export const options = {
  nodes: Args.text({ name: "node" }).pipe(Args.withDescription("Hostnames or ids."), Args.repeated),
  all: Options.boolean("all").pipe(Options.withDescription("Every node of the Swarm, the raft leader last.")),
  command: Options.text("command").pipe(
    Options.withPseudoName("shell command"),
    Options.withDescription(
      "Run while a node is out of service, with EVENKEEL_NODE its hostname and EVENKEEL_NODE_ID its id. Default: wait for Enter."
    ),
    Options.optional
  ),
  yes: CommonOptions.yes,
  returnTimeout: CommonOptions.duration(
    "return-timeout",
    600_000,
    "How long to wait until the node is ready again. Default: 10m."
  ),
  ...emptying,
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Empties a node, waits for you or runs your command, brings the node back, rebalances, and goes on with the next."

export const command = Command.make(
  "maintain",
  options,
  lazily(() => import("../../actions/NodeMaintain.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel node maintain n3", "one node; go on with Enter"],
      ['evenkeel node maintain --all --yes --command "ssh $EVENKEEL_NODE sudo apt-get -y upgrade"', "all, unattended"]
    ])
  )
)
