/** `evenkeel node maintain`: takes nodes out of service one after the other, and brings each back. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Parameter from "../../grammar/Parameter.ts"
import * as Leaf from "../../Leaf.ts"
import { roundTrip } from "./OutOfService.ts"

export const options = () => ({
  nodes: Parameter.someArguments("node", "Hostnames or ids.", 0),
  all: Parameter.flag("all", "Every node of the Swarm, the raft leader last."),
  command: Parameter.option(
    "command",
    "shell command",
    "Run while a node is out of service, with EVENKEEL_NODE its hostname and EVENKEEL_NODE_ID its id. Default: wait for Enter."
  ),
  yes: CommonOptions.yes(),
  ...roundTrip(),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["node", "maintain"],
  about:
    "Empties a node, waits for you or runs your command, brings the node back, rebalances, and goes on with the next.",
  examples: [
    ["evenkeel node maintain n3", "one node; go on with Enter"],
    ["evenkeel node maintain --all --yes --command 'ssh $EVENKEEL_NODE sudo apt-get -y upgrade'", "all, unattended"]
  ],
  options,
  load: () => import("../../actions/NodeMaintain.ts")
})
