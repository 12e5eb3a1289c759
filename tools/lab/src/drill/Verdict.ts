/**
 * Judges one cycle of the drill from what was seen: even placement, the fewest restarts, no trace of a move, nothing lost.
 * Each check says what it expected and what it found. It hears nothing of the rebalancer's own report.
 */
import {
  compareContainers,
  areEven,
  fewestMovesOfAll,
  formatPlacements,
  type Placements,
  type SeenContainer,
  type SeenService
} from "./Observation.ts"

/** Configs in which the rebalancer keeps what must outlive it: its policy and its history. No trace of a move. */
const keptOnPurpose = /^evenkeel-(?:policy|history)-/

export interface Check {
  readonly name: string
  readonly passed: boolean
  readonly expected: string
  readonly found: string
}

export interface CycleEvidence {
  /** The node that was lost and came back. */
  readonly returnedNode: string
  /** The services whose placement is judged. */
  readonly workload: ReadonlySet<string>
  /** Services with a task on every node: theirs on the returned node start anew by themselves. */
  readonly globals: ReadonlySet<string>
  readonly placementsAtReturn: Placements
  readonly placementsAtEnd: Placements
  readonly containersAtReturn: ReadonlyArray<SeenContainer>
  readonly containersAtEnd: ReadonlyArray<SeenContainer>
  /** Containers that the drill killed itself. */
  readonly killed: ReadonlySet<string>
  readonly servicesAtStart: ReadonlyArray<SeenService>
  readonly servicesAtEnd: ReadonlyArray<SeenService>
  readonly configsAtEnd: ReadonlyArray<string>
  /** Requests lost in this cycle, all phases together. */
  readonly lostRequests: number
  readonly sentRequests: number
  /** Requests a second the load was asked for, and that it managed, over the cycle. */
  readonly requestsPerSecond: { readonly asked: number; readonly sent: number }
  /** Kinds of streams of which one was not open again within 3 s, over all phases. */
  readonly streamsLate: number
  /** Streams that broke on nodes that were not lost. */
  readonly streamsBrokenElsewhere: number
}

const trace = /evenkeel\.journal\.|evenkeel\.move/

const list = (containers: ReadonlyArray<SeenContainer>): string =>
  containers.length === 0 ? "none" : containers.map(({ service, node }) => `${service} on ${node}`).join(", ")

/** Every check of a cycle, in the order in which they are told. */
export const judge = (evidence: CycleEvidence): ReadonlyArray<Check> => {
  const { workload, globals, returnedNode, killed } = evidence
  const changes = compareContainers(evidence.containersAtReturn, evidence.containersAtEnd)
  const isOwnBusiness = ({ service, node, id }: SeenContainer) =>
    killed.has(id) || (globals.has(service) && node === returnedNode)
  // A killed task's successor is the kill's doing: one container of the same service on the same node.
  const successors = new Set(
    evidence.containersAtReturn.filter(({ id }) => killed.has(id)).map(({ service, node }) => `${service} ${node}`)
  )
  const started = changes.started.filter(
    (container) => !isOwnBusiness(container) && !successors.has(`${container.service} ${container.node}`)
  )
  const ended = changes.ended.filter((container) => !isOwnBusiness(container))
  const moves = fewestMovesOfAll(evidence.placementsAtReturn)
  const started_ = started.filter(({ service }) => workload.has(service))
  const others = [...started, ...ended, ...changes.restarted].filter(({ service }) => !workload.has(service))
  const marked = evidence.servicesAtEnd.filter(
    ({ specText, previousSpecText }) => trace.test(specText) || trace.test(previousSpecText ?? "")
  )
  const configsLeft = evidence.configsAtEnd.filter((name) => !keptOnPurpose.test(name))
  const specBefore = new Map(evidence.servicesAtStart.map(({ name, specText }) => [name, specText]))
  const specsChanged = evidence.servicesAtEnd.filter(({ name, specText }) => specBefore.get(name) !== specText)
  const check = (name: string, passed: boolean, expected: string, found: string): Check => ({
    name,
    passed,
    expected,
    found
  })
  return [
    check(
      "placement is even",
      areEven(evidence.placementsAtEnd),
      "nodes differ by one task at most",
      formatPlacements(evidence.placementsAtEnd)
    ),
    check(
      "tasks started since the return are the fewest moves",
      started_.length === moves && changes.restarted.length === 0,
      `${moves} (from ${formatPlacements(evidence.placementsAtReturn)})`,
      `${started_.length}: ${list(started_)}${changes.restarted.length > 0 ? `; restarted in place: ${list(changes.restarted)}` : ""}`
    ),
    check(
      "every start is on the returned node",
      started_.every(({ node }) => node === returnedNode),
      `all on ${returnedNode}`,
      list(started_)
    ),
    check("no other task was touched", others.length === 0, "none", list(others)),
    check(
      "specs are the user's, byte for byte",
      specsChanged.length === 0,
      "unchanged",
      specsChanged.length === 0 ? "unchanged" : specsChanged.map(({ name }) => name).join(", ")
    ),
    check(
      "no label, constraint or config of a move remains",
      marked.length === 0 && configsLeft.length === 0,
      "none",
      [...marked.map(({ name }) => name), ...configsLeft].join(", ") || "none"
    ),
    check(
      "no request was lost",
      evidence.lostRequests === 0,
      `0 of ${evidence.sentRequests}`,
      String(evidence.lostRequests)
    ),
    check(
      "the load was as asked",
      evidence.requestsPerSecond.sent >= evidence.requestsPerSecond.asked * 0.98,
      `≥ ${Math.round(evidence.requestsPerSecond.asked)} requests/s`,
      `${Math.round(evidence.requestsPerSecond.sent)} requests/s`
    ),
    check(
      "no stream broke on a node that was not lost",
      evidence.streamsBrokenElsewhere === 0,
      "0",
      String(evidence.streamsBrokenElsewhere)
    ),
    check(
      "broken streams were open again within 3 s",
      evidence.streamsLate === 0,
      "0 late",
      `${evidence.streamsLate} late`
    )
  ]
}
