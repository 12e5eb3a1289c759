/**
 * The lab's address plan: what every part of it is called and where it listens.
 *
 * Pure. Node numbers run from 1 to {@link maxNodes}; node `i` is called `n<i>`, is reached at `10.77.0.1<i>` and owns the
 * network namespace `ek-n<i>`, whose `eth0` is one end of a veth pair; the other end, `ek-v<i>`, is a port of the bridge.
 * Interface names stay under the kernel's 15 characters.
 */

/** One digit is kept for the node in its address, so the plan ends at nine. */
export const maxNodes = 9

/** The bridge every node is plugged into. */
export const bridge = "br-ek"

/** The machine's own address on the bridge. */
export const bridgeAddress = "10.77.0.1"

/** Prefix length of the bridge's network. */
export const prefixLength = 24

/** Where the lab's registry answers (plain HTTP; every engine lists it under `insecure-registries`). */
export const registryAddress = `${bridgeAddress}:5000`

/** Repository prefix of the product's images in the lab. */
export const imagePrefix = `${registryAddress}/evenkeel`

/** The image the product's images are built on: the pinned Node binary and its shared libraries. */
export const baseImage = `${imagePrefix}/node:26`

/** The attachable overlay network `up` creates. */
export const overlayNetwork = "evenkeel"

/**
 * Parent of the control groups of all containers in the lab of that state directory, below each hierarchy's root. Labs in
 * namespaces of their own share the machine's hierarchies, so each has its own.
 */
export const cgroupParent = (stateDir: string): string => {
  const name = stateDir.slice(stateDir.lastIndexOf("/") + 1)
  return name.startsWith("evenkeel-lab") ? name : `evenkeel-lab-${name}`
}

/** Environment variable that marks a process as started by the lab; its value is the part's folder. */
export const processMarker = "EVENKEEL_LAB_PROCESS"

/** One node of the plan. */
export interface NodePlan {
  /** Host name and name in Swarm, `n1` … `n9`. */
  readonly name: string
  /** 1 … 9. */
  readonly index: number
  /** IPv4 address on the bridge. */
  readonly address: string
  /** Network namespace, as `ip netns` lists it. */
  readonly netns: string
  /** The veth end that stays in the machine's own network namespace, a port of the bridge. */
  readonly hostLink: string
  /** The veth end before it is moved into the namespace and renamed `eth0`. */
  readonly nodeLink: string
}

/** The plan of node `index`; the caller has checked that it lies between 1 and {@link maxNodes}. */
export const nodePlan = (index: number): NodePlan => ({
  name: `n${index}`,
  index,
  address: `10.77.0.1${index}`,
  netns: `ek-n${index}`,
  hostLink: `ek-v${index}`,
  nodeLink: `ek-p${index}`
})

/** The plans of nodes 1 to `count`. */
export const nodePlans = (count: number): ReadonlyArray<NodePlan> =>
  Array.from({ length: count }, (_, position) => nodePlan(position + 1))

/** The number in a node's name, or `undefined` when the name is not one of the plan. */
export const nodeIndex = (name: string): number | undefined => {
  const digit = /^n([1-9])$/.exec(name)?.[1]
  return digit === undefined ? undefined : Number(digit)
}

/** Files of one node below the lab's state directory. */
export interface NodePaths {
  readonly directory: string
  /** The engine's second socket, reachable from outside the node's mount namespace. */
  readonly socket: string
  readonly log: string
  readonly config: string
  readonly dataRoot: string
  readonly resolvConf: string
}

export const nodePaths = (stateDir: string, name: string): NodePaths => {
  const directory = `${stateDir}/${name}`
  return {
    directory,
    socket: `${directory}/docker.sock`,
    log: `${directory}/dockerd.log`,
    config: `${directory}/daemon.json`,
    dataRoot: `${directory}/data`,
    resolvConf: `${directory}/resolv.conf`
  }
}
