/** Service specs that scenarios are written with, as the Engine API takes them. Images and commands are those of the lab. */
import type { EngineObject } from "../EngineValue.ts"

export const image = "10.77.0.1:5000/evenkeel/node:26"
/** The same contents under another name. */
export const otherImage = "10.77.0.1:5000/evenkeel/node:other"

const second = 1_000_000_000

/** Runs until it is told to stop, and stops at once. */
export const serving = ["node", "-e", "process.on('SIGTERM',()=>process.exit(0));setInterval(()=>{},1e9)"]
/** Starts and ends with code 1. */
export const failing = ["node", "-e", "process.exit(1)"]
/** Ends with code 0, as a job does. */
export const finishing = ["node", "-e", "process.exit(0)"]

export const containerSpec = (more: EngineObject = {}): EngineObject => ({
  Image: image,
  Command: serving,
  StopGracePeriod: 5 * second,
  ...more
})

/** A service of `replicas`, without a virtual IP; `more` is merged shallowly into the spec, `template` into the template. */
export const replicated = (name: string, replicas: number, template: EngineObject = {}, more: EngineObject = {}) => ({
  Name: name,
  TaskTemplate: { ContainerSpec: containerSpec(), ...template },
  Mode: { Replicated: { Replicas: replicas } },
  EndpointSpec: { Mode: "dnsrr" },
  ...more
})

export const global = (name: string, template: EngineObject = {}, more: EngineObject = {}) => ({
  ...replicated(name, 1, template, more),
  Mode: { Global: {} }
})

/** Monitoring short enough for a test, long enough for a container that fails at its start. */
export const updateConfig = (more: EngineObject = {}) => ({
  Parallelism: 1,
  Monitor: 3 * second,
  FailureAction: "pause",
  Order: "stop-first",
  ...more
})

export const restart = (condition: "any" | "on-failure" | "none", delaySeconds = 1, more: EngineObject = {}) => ({
  Condition: condition,
  Delay: delaySeconds * second,
  ...more
})

export const replicas = (count: number) => ({ Mode: { Replicated: { Replicas: count } } })
export const env = (...values: ReadonlyArray<string>) => ({ TaskTemplate: { ContainerSpec: { Env: values } } })
export const constraints = (...texts: ReadonlyArray<string>) => ({
  TaskTemplate: { Placement: { Constraints: texts } }
})
