/** Which tasks served when: samples of the whole Swarm in the order of time, and questions about stretches of them. Pure. */

export interface ServingTask {
  readonly service: string
  readonly node: string
}

/** The tasks that served at a time, by id. Milliseconds of the Swarm's clock. */
export interface Sample {
  readonly atMillis: number
  readonly serving: ReadonlyMap<string, ServingTask>
}

export interface Shortfall {
  readonly service: string
  readonly asked: number
  readonly fewest: number
  /** For how long fewer served than were asked for. */
  readonly millis: number
}

export const countOf = (sample: Sample, service: string): number =>
  sample.serving.values().reduce((count, task) => count + (task.service === service ? 1 : 0), 0)

/** Services of which fewer tasks served than were asked for, in some sample. */
export const shortfalls = (
  samples: ReadonlyArray<Sample>,
  asked: ReadonlyMap<string, number>
): ReadonlyArray<Shortfall> =>
  [...asked].flatMap(([service, wanted]) => {
    const counts = samples.map((sample) => countOf(sample, service))
    const fewest = Math.min(wanted, ...counts)
    if (fewest === wanted) return []
    const millis = samples.reduce((total, { atMillis }, index) => {
      const next = samples[index + 1]?.atMillis ?? atMillis
      return total + ((counts[index] ?? wanted) < wanted ? next - atMillis : 0)
    }, 0)
    return [{ service, asked: wanted, fewest, millis }]
  })

/** Tasks that began to serve after the first sample, whether or not they still do. */
export const started = (samples: ReadonlyArray<Sample>): ReadonlyArray<ServingTask> => {
  const [first, ...later] = samples
  const found = new Map<string, ServingTask>()
  for (const { serving } of later)
    for (const [id, task] of serving) if (first?.serving.has(id) !== true) found.set(id, task)
  return [...found.values()]
}

/** Tasks of the first sample that serve no longer in the last. */
export const ended = (samples: ReadonlyArray<Sample>): ReadonlyArray<ServingTask> => {
  const last = samples.at(-1)
  return [...(samples[0]?.serving ?? [])].flatMap(([id, task]) => (last?.serving.has(id) === true ? [] : [task]))
}

/** `ten 2-2-2-2-2, trio 1-1-1-0-0`, in the order of the nodes. */
export const placementText = (
  sample: Sample | undefined,
  services: ReadonlyArray<string>,
  nodes: ReadonlyArray<string>
): string =>
  services
    .map((service) => {
      const tasks = [...(sample?.serving.values() ?? [])].filter((task) => task.service === service)
      return `${service} ${nodes.map((node) => tasks.filter((task) => task.node === node).length).join("-")}`
    })
    .join(", ")
