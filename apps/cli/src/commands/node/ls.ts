/** `evenkeel node ls`: the nodes of the Swarm. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Leaf from "../../Leaf.ts"

export const options = () => ({ ...CommonOptions.engine(), ...CommonOptions.output() })

export const command = Leaf.make({
  path: ["node", "ls"],
  about: "Lists the nodes with their state, availability and number of tasks.",
  examples: [
    ["evenkeel node ls", "all nodes"],
    ["evenkeel node ls --format json", "for programs"]
  ],
  options,
  load: () => import("../../actions/NodeLs.ts")
})
