/** Nodes by their part in a Swarm of several managers: who leads differs from run to run, what it is there for does not. */
import { type EngineObject, textAt } from "./EngineValue.ts"
import type { Step } from "./Scenario.ts"
import type { Observation } from "./Target.ts"

/** Hostnames behind the parts that steps name; a part that nobody has is absent. */
export type Parts = Readonly<Record<string, string>>

const isReady = (node: EngineObject): boolean =>
  textAt(node, "Status", "State") === "ready" && textAt(node, "ManagerStatus", "Reachability") === "reachable"

/** Who has which part by what was seen last; `lost` was taken away last. Who has no
 * part any more keeps the name of it. */
export const partsOf = (seen: Observation | undefined, lost: string | null, known: Parts): Parts => {
  const gone = lost === null ? {} : { lost }
  if (seen === undefined || seen.leader === null) return { ...known, ...gone }
  const [follower, other] = seen.nodes
    .filter(isReady)
    .map((node) => textAt(node, "Description", "Hostname"))
    .filter((name) => name !== seen.leader)
    .toSorted()
  return {
    ...known,
    leader: seen.leader,
    ...(follower === undefined ? {} : { follower }),
    ...(other === undefined ? {} : { other }),
    ...gone
  }
}

const part = /^\{(leader|follower|other|lost)\}$/

const nameIn = (text: string, parts: Parts): string => parts[part.exec(text)?.[1] ?? ""] ?? text

/** The step with hostnames for parts, and the hostname that it is done to if it names that by its part. */
export const resolve = (step: Step, parts: Parts): { readonly step: Step; readonly on?: string } => {
  const nodes = step.until?.nodes
  const until =
    step.until === undefined
      ? {}
      : {
          until: {
            ...step.until,
            ...(nodes === undefined
              ? {}
              : {
                  nodes: Object.fromEntries(Object.entries(nodes).map(([name, state]) => [nameIn(name, parts), state]))
                })
          }
        }
  if (!("node" in step) || step.node === undefined) return { step: { ...step, ...until } }
  const node = nameIn(step.node, parts)
  return { step: { ...step, node, ...until }, ...(node === step.node ? {} : { on: node }) }
}
