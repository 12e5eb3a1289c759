/**
 * The lab's wiring: one bridge on the machine, per node a network namespace and a veth pair into the bridge.
 *
 * The bridge carries the state directory in its alias, so that a lab never touches a bridge another one made. Nothing is
 * routed or masqueraded to the outside. On a machine whose firewall filters bridged packets the lab adds accepting
 * rules of its own, marked by a comment, and takes exactly those out again.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { LabSite } from "./LabSite.ts"
import * as LabSpec from "./LabSpec.ts"
import type { NodePlan } from "./LabSpec.ts"
import { run, succeeds } from "./Shell.ts"

/** The bridge's name is taken by something this lab did not make. */
export class BridgeForeign extends Schema.TaggedError<BridgeForeign>()("BridgeForeign", {
  bridge: Schema.String,
  owner: Schema.String
}) {
  override get message(): string {
    const cure = this.owner.startsWith(aliasPrefix)
      ? `run \`EVENKEEL_LAB_DIR=${this.owner.slice(aliasPrefix.length)} lab down\` first`
      : `remove it by \`ip link delete ${this.bridge}\` if nothing uses it`
    return `The link ${this.bridge} belongs to ${this.owner || "something else"}, not to this lab; ${cure}.`
  }
}

const aliasPrefix = "evenkeel-lab:"
const ruleComment = "evenkeel-lab"

const Link = Schema.Struct({
  ifname: Schema.String,
  ifalias: Schema.optional(Schema.String),
  flags: Schema.Array(Schema.String)
})
const Links = Schema.parseJson(Schema.Array(Link))

const links = run("ip", ["-json", "link", "show"]).pipe(
  Effect.flatMap((text) => Effect.orDie(Schema.decodeUnknown(Links)(text)))
)

const linkNamed = (name: string) => Effect.map(links, (all) => all.find((link) => link.ifname === name))

/** Fails when the bridge is there and belongs to another lab. Gives back whether it is there. */
export const ownsBridge = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  const found = yield* linkNamed(LabSpec.bridge)
  if (found === undefined) return false
  if (found.ifalias !== `${aliasPrefix}${stateDir}`) {
    return yield* new BridgeForeign({ bridge: LabSpec.bridge, owner: found.ifalias ?? "" })
  }
  return true
})

/** Makes what is missing of the bridge: link, address, up, firewall rules. */
export const ensureBridge = Effect.gen(function* () {
  const { stateDir } = yield* LabSite
  if (!(yield* ownsBridge)) {
    yield* run("ip", ["link", "add", "name", LabSpec.bridge, "type", "bridge", "stp_state", "0"])
    yield* run("ip", ["link", "set", LabSpec.bridge, "alias", `${aliasPrefix}${stateDir}`])
  }
  const address = `${LabSpec.bridgeAddress}/${LabSpec.prefixLength}`
  yield* run("ip", ["address", "replace", address, "dev", LabSpec.bridge])
  yield* run("ip", ["link", "set", LabSpec.bridge, "up"])
  yield* acceptInFirewall
})

/** Whether a firewall, as `iptables-save` prints it, may drop packets of that chain. */
export const filters = (saved: string, chain: "FORWARD" | "INPUT"): boolean =>
  new RegExp(`^:${chain} DROP`, "m").test(saved) || new RegExp(`^-A ${chain} `, "m").test(saved)

const ruleFor = (chain: "FORWARD" | "INPUT"): ReadonlyArray<string> => [
  ...[chain, "-i", LabSpec.bridge],
  ...(chain === "FORWARD" ? ["-o", LabSpec.bridge] : []),
  ...["-m", "comment", "--comment", ruleComment, "-j", "ACCEPT"]
]

const acceptInFirewall = Effect.gen(function* () {
  const saved = yield* run("iptables-save", ["-t", "filter"]).pipe(Effect.orElseSucceed(() => ""))
  for (const chain of ["FORWARD", "INPUT"] as const) {
    if (!filters(saved, chain) || (yield* succeeds("iptables", ["-C", ...ruleFor(chain)]))) continue
    yield* run("iptables", ["-I", ...ruleFor(chain)])
  }
})

const removeFirewallRules = Effect.gen(function* () {
  const saved = yield* run("iptables-save", ["-t", "filter"]).pipe(Effect.orElseSucceed(() => ""))
  for (const chain of ["FORWARD", "INPUT"] as const) {
    const own = saved.split("\n").filter((line) => line.startsWith(`-A ${chain} `) && line.includes(ruleComment))
    yield* Effect.forEach(own, () => run("iptables", ["-D", ...ruleFor(chain)]))
  }
})

/** Names of the network namespaces `ip netns` knows. */
const namespaces = Effect.map(run("ip", ["netns", "list"]), (text) =>
  text
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => name !== "")
)

/** Takes the node's cable and namespace away; nothing happens where they are not there. */
export const removeNode = Effect.fn("Network.removeNode")(function* (node: NodePlan) {
  for (const link of [node.hostLink, node.nodeLink]) {
    if ((yield* linkNamed(link)) !== undefined) yield* run("ip", ["link", "delete", link])
  }
  if ((yield* namespaces).includes(node.netns)) yield* run("ip", ["netns", "delete", node.netns])
})

/** Gives the node a new namespace, `eth0` with its address, `lo`, and a default route by the bridge. */
export const createNode = Effect.fn("Network.createNode")(function* (node: NodePlan) {
  yield* removeNode(node)
  const inside = (...args: ReadonlyArray<string>) => run("ip", ["-netns", node.netns, ...args])
  yield* run("ip", ["netns", "add", node.netns])
  yield* run("ip", ["link", "add", node.hostLink, "type", "veth", "peer", "name", node.nodeLink])
  yield* run("ip", ["link", "set", node.nodeLink, "netns", node.netns, "name", "eth0"])
  yield* run("ip", ["link", "set", node.hostLink, "master", LabSpec.bridge, "up"])
  yield* inside("link", "set", "lo", "up")
  yield* inside("address", "add", `${node.address}/${LabSpec.prefixLength}`, "dev", "eth0")
  yield* inside("link", "set", "eth0", "up")
  yield* inside("route", "add", "default", "via", LabSpec.bridgeAddress)
})

/** Plugs the node's cable in or pulls it out; the node itself goes on running. */
export const setLink = (node: NodePlan, position: "up" | "down") =>
  run("ip", ["link", "set", node.hostLink, position]).pipe(Effect.asVoid)

/** Whether the node's cable is plugged in: `absent` when the node has none (never booted, or crashed). */
export const linkState = (node: NodePlan) =>
  Effect.map(linkNamed(node.hostLink), (link): "up" | "down" | "absent" =>
    link === undefined ? "absent" : link.flags.includes("UP") ? "up" : "down"
  )

/** Takes the bridge and the firewall rules away. Fails, before anything is touched, on another lab's bridge. */
export const removeBridge = Effect.gen(function* () {
  if (yield* ownsBridge) yield* run("ip", ["link", "delete", LabSpec.bridge])
  yield* removeFirewallRules
})

/** Links and namespaces of the plan that exist on this machine; empty after a clean `down`. */
export const remains = Effect.gen(function* () {
  const planned = LabSpec.nodePlans(LabSpec.maxNodes)
  const names = new Set([LabSpec.bridge, ...planned.flatMap((node) => [node.hostLink, node.nodeLink])])
  const spaces = new Set(planned.map((node) => node.netns))
  const leftLinks = (yield* links).filter((link) => names.has(link.ifname)).map((link) => `link ${link.ifname}`)
  const leftSpaces = (yield* namespaces).filter((name) => spaces.has(name)).map((name) => `network namespace ${name}`)
  const saved = yield* run("iptables-save", ["-t", "filter"]).pipe(Effect.orElseSucceed(() => ""))
  const leftRules = saved.split("\n").filter((line) => line.includes(ruleComment))
  return [...leftLinks, ...leftSpaces, ...leftRules.map((rule) => `firewall rule ${rule}`)]
})
