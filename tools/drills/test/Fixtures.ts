import type { Drill } from "../src/Drill.ts"
import type { Evidence, PhaseRecord } from "../src/Runner.ts"
import type { SeenService } from "../src/SwarmReading.ts"
import type { Sample } from "../src/TaskHistory.ts"

/** Tasks as `service@node` by id. */
export const sample = (atMillis: number, tasks: Readonly<Record<string, string>>): Sample => ({
  atMillis,
  serving: new Map(
    Object.entries(tasks).map(([id, where]) => {
      const [service = "", node = ""] = where.split("@")
      return [id, { service, node }]
    })
  )
})

export const drill: Drill = {
  name: "sample",
  about: "two nodes",
  nodes: [{ name: "n1" }, { name: "n2" }],
  managers: 1,
  services: [{ name: "web", replicas: 2, isFragile: true }],
  steps: []
}

const slotsIn = (of: Sample | undefined): ReadonlyMap<string, number> =>
  new Map([...(of?.serving.keys() ?? [])].map((id, at) => [id, at + 1]))

export const phase = (samples: ReadonlyArray<Sample>, input: Partial<PhaseRecord> = {}): PhaseRecord => ({
  name: "p",
  promised: "moves",
  deployed: [],
  samples,
  slots: [slotsIn(samples[0]), slotsIn(samples.at(-1))],
  open: new Set(["n1", "n2"]),
  versions: ["web 1", "web 1"],
  ...input
})

export const seen = (input: Partial<SeenService> = {}): SeenService => ({
  id: "w",
  name: "web",
  version: "1",
  specText: '{"Name":"web"}',
  previousSpecText: null,
  updateState: null,
  ...input
})

export const evidence = (phases: ReadonlyArray<PhaseRecord>, input: Partial<Evidence> = {}): Evidence => ({
  drill,
  phases,
  failure: null,
  reading: {
    nodes: [],
    services: [seen()],
    tasks: ["a", "b"].map((id) => ({ id, service: "web", slot: 1, node: "n1", desired: "running", state: "running" }))
  },
  wanted: new Map([["web", '{"Name":"web"}']]),
  configs: [],
  seconds: 1,
  ...input
})
