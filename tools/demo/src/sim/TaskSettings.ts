/**
 * What routers and rebalancers of the demo are told beyond their stack file: addresses of this machine instead of those of an
 * overlay, and windows divided by the simulation's speed. Pure.
 */
import { nodeCount, rebalancerAddress, rebalancerPort, type SimSite, socketOf, tokenFile } from "./SimSite.ts"

type Env = Readonly<Record<string, string>>

/** Where a program is reached. With `heartbeatPort` 0 routers do not hear one another. */
export interface Place {
  readonly address: string
  readonly port: number
  readonly adminPort: number
  readonly heartbeatPort: number
}

/** A duration of simulated seconds, in the time of this machine. */
const windowOf = (simulatedSeconds: number, speed: number): string =>
  `${Math.max(1, Math.round((simulatedSeconds * 1000) / speed))}ms`

/** Names of the overlay, and files of a container. */
const onlyInContainers: ReadonlySet<string> = new Set([
  "EVENKEEL_FEED_DNS",
  "EVENKEEL_TOKEN_FILE",
  "EVENKEEL_ROUTER_STICKY_KEY_FILE",
  "EVENKEEL_ROUTER_TABLE_CACHE"
])

/** Without what only a container on an overlay has. */
const withoutOverlay = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !onlyInContainers.has(name)))

const feedUrls = Array.from(
  { length: nodeCount },
  (_, i) => `ws://${rebalancerAddress(`n${i + 1}`)}:${rebalancerPort}/feed`
).join(",")

/** Of the task's environment, as the stack file says it, those of a router. */
export const routerEnv = (
  env: Env,
  { folder, speed }: SimSite,
  { address, adminPort, heartbeatPort, port }: Place
): Env => ({
  ...withoutOverlay(env),
  EVENKEEL_ROUTER_HOST: address,
  EVENKEEL_ROUTER_PORT: String(port),
  EVENKEEL_ROUTER_ADMIN_HOST: address,
  EVENKEEL_ROUTER_ADMIN_PORT: String(adminPort),
  EVENKEEL_ROUTER_HEARTBEAT_HOST: address,
  EVENKEEL_ROUTER_HEARTBEAT_PORT: String(heartbeatPort),
  EVENKEEL_ROUTER_DRAIN_DEADLINE: windowOf(8, speed),
  EVENKEEL_FEED_URLS: feedUrls,
  EVENKEEL_TOKEN_FILE: tokenFile(folder)
})

/** The windows are the defaults of production. Times written by Swarm lie in the past (`behindMillis`), so its cool-down is none. */
export const rebalancerEnv = (
  env: Env,
  { folder, mode, speed }: SimSite,
  hostname: string,
  { address, adminPort, port }: Place
): Env => ({
  ...withoutOverlay(env),
  DOCKER_HOST: `unix://${socketOf(folder, hostname)}`,
  EVENKEEL_REBALANCER_MODE: mode,
  EVENKEEL_REBALANCER_HOST: address,
  EVENKEEL_REBALANCER_PORT: String(port),
  EVENKEEL_REBALANCER_ADMIN_HOST: address,
  EVENKEEL_REBALANCER_ADMIN_PORT: String(adminPort),
  EVENKEEL_REBALANCER_STABILISATION: windowOf(30, speed),
  EVENKEEL_REBALANCER_STABILITY: windowOf(5, speed),
  EVENKEEL_REBALANCER_MOVE_DEADLINE: windowOf(120, speed),
  EVENKEEL_REBALANCER_CYCLE: windowOf(300, speed),
  EVENKEEL_REBALANCER_COOL_DOWN: "0s",
  EVENKEEL_REBALANCER_TASK_AGE: "0s",
  EVENKEEL_REBALANCER_QUARANTINE_FLAPS: "100",
  EVENKEEL_TOKEN_FILE: tokenFile(folder)
})
