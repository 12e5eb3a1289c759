/**
 * Judges a drill by its evidence: for each phase what was promised of it, and at the end specs, configs and balance. Each check
 * says what it expected and what was seen. It hears nothing of the rebalancer but that operators were told, where that is a step.
 */
import type { Drill } from "./Drill.ts"
import * as Fewest from "./Fewest.ts"
import * as Optimum from "./Optimum.ts"
import type { Evidence, PhaseRecord } from "./Runner.ts"
import { evennessOf, isMarked, situationOf } from "./Scene.ts"
import { serves } from "./SwarmReading.ts"
import { ended, placementText, type Sample, type ServingTask, shortfalls, started } from "./TaskHistory.ts"

export interface Check {
  readonly phase: string
  readonly name: string
  readonly passed: boolean
  readonly expected: string
  readonly seen: string
}

/** Configs that may stay: what must outlive an instance, and the users' rollback targets. */
const keptOnPurpose = /^evenkeel-(?:policy|history|previous)-/

const list = (tasks: ReadonlyArray<ServingTask>): string =>
  tasks.length === 0 ? "none" : tasks.map(({ node, service }) => `${service} on ${node}`).join(", ")

const servingIn = (sample: Sample | undefined): ReadonlyArray<ServingTask> => [...(sample?.serving.values() ?? [])]

/** Never fewer than asked: of every phase but Swarm's own. */
const floorCheck = ({ name, samples }: PhaseRecord, asked: ReadonlyMap<string, number>): Check => {
  const short = shortfalls(samples, asked)
  return {
    phase: name,
    name: "as many serve as were asked for",
    passed: short.length === 0,
    expected: `in all ${samples.length} samples`,
    seen:
      short.length === 0
        ? "in all"
        : short
            .map((of) => `${of.service} ${of.fewest} of ${of.asked} for ${(of.millis / 1000).toFixed(1)} s`)
            .join(", ")
  }
}

const placedIn = (sample: Sample | undefined, slots: ReadonlyMap<string, number>, open: ReadonlySet<string>) => ({
  serving: sample?.serving ?? new Map<string, ServingTask>(),
  slots,
  open
})

/** How the phase ended, and the fewest moves there: as many as the best placement needs, where that was not out of reach. */
const endOf = (phase: PhaseRecord, drill: Drill) => {
  const { open, samples, slots } = phase
  const evenness = evennessOf(drill, placedIn(samples.at(-1), slots[1], open))
  const ideal = Optimum.of(situationOf({ drill }, open, servingIn(samples[0]))).moves
  const proved = Fewest.moves(drill, placedIn(samples[0], slots[0], open))
  return { evenness, moves: evenness === "reached" ? (proved ?? ideal) : Math.max(ideal, proved ?? 0) }
}

const movesChecks = (phase: PhaseRecord, evidence: Evidence): ReadonlyArray<Check> => {
  const { drill } = evidence
  const names = drill.services.map(({ name }) => name)
  const isOwn = (task: ServingTask) => names.includes(task.service) && !phase.deployed.includes(task.service)
  const { evenness, moves } = endOf(phase, drill)
  const nodes = drill.nodes.map(({ name }) => name)
  const text = (sample: Sample | undefined) => placementText(sample, names, nodes)
  const begun = started(phase.samples).filter(isOwn)
  const over = ended(phase.samples).filter(isOwn)
  // Where nothing had to move, nothing was shown.
  const check = (name: string, passed: boolean, expected: string, seen: string): Check => ({
    phase: phase.name,
    name,
    passed: passed && moves > 0,
    expected,
    seen
  })
  const from = `from ${text(phase.samples[0])}`
  const seenStarts = `${begun.length}: ${list(begun)}`
  const seenEnds = `${over.length}: ${list(over)}`
  const noOther = check("no other task ended", over.length === begun.length, String(begun.length), seenEnds)
  const counts =
    phase.promised === "recovered"
      ? [check("tasks given up are the fewest moves", over.length === moves, `${moves}, ${from}`, seenEnds)]
      : phase.deployed.length > 0
        ? [
            check(
              "tasks of others started are no more than the fewest moves",
              begun.length <= moves,
              `at most ${moves}, ${from}`,
              seenStarts
            ),
            check("no other task ended", over.length <= begun.length, `at most ${begun.length}`, seenEnds)
          ]
        : [
            check("tasks started are the fewest moves", begun.length === moves, `${moves}, ${from}`, seenStarts),
            noOther
          ]
  return [
    ...counts,
    {
      phase: phase.name,
      name: "placement is as even as can be",
      passed: evenness !== "uneven",
      expected: evenness === "reached" ? "no move with a certain outcome could better it" : "no move could better it",
      seen: text(phase.samples.at(-1))
    }
  ]
}

const stillChecks = (phase: PhaseRecord): ReadonlyArray<Check> => {
  const begun = started(phase.samples)
  return [
    {
      phase: phase.name,
      name: "nothing is started",
      passed: begun.length === 0,
      expected: "none",
      seen: list(begun)
    },
    {
      phase: phase.name,
      name: "no service is written",
      passed: phase.versions[0] === phase.versions[1],
      expected: "the same versions",
      seen: phase.versions[0] === phase.versions[1] ? "the same versions" : phase.versions[1]
    }
  ]
}

const guardedCheck = (phase: PhaseRecord, fragile: ReadonlySet<string>): Check => {
  const over = ended(phase.samples).filter(({ service }) => fragile.has(service))
  return {
    phase: phase.name,
    name: "no task that served was given up",
    passed: over.length === 0,
    expected: "none",
    seen: list(over)
  }
}

const phaseChecks =
  (evidence: Evidence) =>
  (phase: PhaseRecord): ReadonlyArray<Check> => {
    const { services } = evidence.drill
    if (phase.promised === "swarm") return []
    const floor = floorCheck(phase, new Map(services.map(({ name, replicas }) => [name, replicas])))
    if (phase.promised === "still") return [floor, ...stillChecks(phase)]
    if (phase.promised === "moves" || phase.promised === "recovered") return [floor, ...movesChecks(phase, evidence)]
    return [floor, guardedCheck(phase, new Set(services.filter(({ isFragile }) => isFragile).map(({ name }) => name)))]
  }

const endChecks = ({ configs, drill, reading, wanted }: Evidence): ReadonlyArray<Check> => {
  if (reading === null)
    return [{ phase: "end", name: "the Swarm answers", passed: false, expected: "an answer", seen: "none" }]
  const changed = reading.services.filter(({ name, specText }) => wanted.get(name) !== specText)
  const marked = reading.services.filter(isMarked)
  const left = configs.filter((name) => !keptOnPurpose.test(name))
  const counts = drill.services.map(({ name, replicas }) => ({
    name,
    replicas,
    serving: reading.tasks.filter((task) => task.service === name && serves(task)).length
  }))
  const wrong = counts.filter(({ replicas, serving }) => replicas !== serving)
  const check = (name: string, passed: boolean, expected: string, seen: string): Check => ({
    phase: "end",
    name,
    passed,
    expected,
    seen
  })
  const names = (of: ReadonlyArray<{ readonly name: string }>) => of.map(({ name }) => name).join(", ")
  return [
    check(
      "just the tasks asked for serve",
      wrong.length === 0,
      counts.map(({ name, replicas }) => `${name} ${replicas}`).join(", "),
      wrong.length === 0 ? "just these" : wrong.map(({ name, serving }) => `${name} ${serving}`).join(", ")
    ),
    check(
      "specs are the user's, byte for byte",
      changed.length === 0,
      `${reading.services.length} as the user wrote them`,
      changed.length === 0 ? "all" : `changed: ${names(changed)}`
    ),
    check(
      "no label, constraint or config of a move is left",
      marked.length === 0 && left.length === 0,
      "none",
      [...marked.map(({ name }) => name), ...left].join(", ") || "none"
    )
  ]
}

/** Every check of the drill, in the order in which they are told. */
export const judge = (evidence: Evidence): ReadonlyArray<Check> => [
  {
    phase: "drill",
    name: "all steps came to pass",
    passed: evidence.failure === null,
    expected: "all",
    seen: evidence.failure ?? "all"
  },
  ...evidence.phases.flatMap(phaseChecks(evidence)),
  ...endChecks(evidence)
]
