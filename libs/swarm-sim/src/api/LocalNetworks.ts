/** The networks that every engine has by itself: `bridge`, `host`, `none`, and the gateway bridge of overlays. */
import { createHash } from "node:crypto"
import { textAt } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"
import { type Engine, ownNode } from "./Engine.ts"

const drivers: ReadonlyArray<readonly [name: string, driver: string, subnet: string]> = [
  ["bridge", "bridge", "172.17.0.0/16"],
  ["docker_gwbridge", "bridge", "172.18.0.0/16"],
  ["host", "host", ""],
  ["none", "null", ""]
]

/** Names that no Swarm network may have. */
export const predefined: ReadonlyArray<string> = ["bridge", "host", "none", "default"]

const ids = new Map<string, string>()

const idFor = (nodeId: string, name: string): string => {
  const key = `${nodeId}/${name}`
  const id = ids.get(key) ?? createHash("sha256").update(key).digest("hex")
  ids.set(key, id)
  return id
}

export const localNetworks = (engine: Engine): ReadonlyArray<EngineJson> => {
  const created = textAt(ownNode(engine), "CreatedAt")
  return drivers.map(([name, driver, subnet]) => ({
    Name: name,
    Id: idFor(engine.nodeId, name),
    Created: created,
    Scope: "local",
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: subnet === "" ? [] : [{ Subnet: subnet }] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {}
  }))
}
