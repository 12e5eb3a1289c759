/** How each kind of object is read from the engine's text: its wire schema, what makes it equal to itself, its domain value. */
import * as Either from "effect/Either"
import type { Network } from "@evenkeel/domain/Network"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import type { Task } from "@evenkeel/domain/Task"
import * as Decoding from "./Decoding.ts"
import type { EngineAnswerMalformed } from "./EngineErrors.ts"
import { toNetwork, WireNetwork } from "./WireNetwork.ts"
import { toNode, WireNode } from "./WireNode.ts"
import { networksOf, type RawService, toService, WireService } from "./WireService.ts"
import { toTask, WireTask } from "./WireTask.ts"

type Raw = Decoding.RawObject
type Result<A> = Either.Either<A, EngineAnswerMalformed>
export type Lists = ReturnType<typeof make>

const nodeFrom =
  (operation: string) =>
  (json: Raw, object: string): Result<Node> =>
    Either.map(Decoding.decode(WireNode, operation, object, json), toNode)

const serviceFrom =
  (operation: string, driverOf: ReadonlyMap<string, string>) =>
  (json: Raw, object: string): Result<Service> =>
    Either.map(Decoding.decode(WireService, operation, object, json), (wire) => {
      const drivers = networksOf(wire).flatMap((id) => driverOf.get(id) ?? [])
      return toService(wire, json as RawService, drivers)
    })

const driversOf = (networks: ReadonlyArray<Network>): ReadonlyMap<string, string> =>
  new Map(networks.filter(({ driver }) => driver !== "").map(({ driver, id }) => [id, driver]))

const one = <A>(
  operation: string,
  kind: "node" | "service",
  text: string,
  from: (json: Raw, object: string) => Result<A>
): Result<A> =>
  Either.flatMap(Decoding.parseJson(operation, text), (json) => {
    const raw = (typeof json === "object" && json !== null ? json : {}) as Raw
    return from(raw, Decoding.describe(kind, raw, 0))
  })

/** The answer to `GET /nodes/{id}`. */
export const oneNode = (operation: string, text: string): Result<Node> =>
  one(operation, "node", text, nodeFrom(operation))

/** The answer to `GET /services/{id}`. */
export const oneService = (operation: string, text: string, networks: ReadonlyArray<Network>): Result<Service> =>
  one(operation, "service", text, serviceFrom(operation, driversOf(networks)))

/** Tasks change all the time and are many: the version alone tells whether one must be parsed. */
export const taskReader: Decoding.ListReader<Task> = {
  operation: "list tasks",
  kind: "task",
  key: Decoding.versionOf,
  keyOfVersion: (version) => version,
  decode: (json, object) => Either.map(Decoding.decode(WireTask, "list tasks", object, json), toTask)
}

/** Readers of the four lists that share what they remember of the last ones. */
export const make = () => {
  const nodes = Decoding.makeListDecoder({
    operation: "list nodes",
    kind: "node",
    // The manager that is asked fills in what it sees of the raft group: that is no write and changes no version.
    key: (json) => {
      const version = Decoding.versionOf(json)
      return version === null ? null : `${version} ${JSON.stringify(json.ManagerStatus)}`
    },
    decode: nodeFrom("list nodes")
  })
  const tasks = Decoding.makeListDecoder(taskReader)
  const networks = Decoding.makeListDecoder({
    operation: "list networks",
    kind: "network",
    // A network never changes, but one without a swarm-wide id may be made again under the same name.
    key: ({ Id, Name }) => `${String(Id)} ${String(Name)}`,
    decode: (json, object) => Either.map(Decoding.decode(WireNetwork, "list networks", object, json), toNetwork)
  })

  // The networks' drivers are part of what a service requires of a node.
  let driverOf: ReadonlyMap<string, string> = new Map()
  let driversKey = ""
  const services = Decoding.makeListDecoder({
    operation: "list services",
    kind: "service",
    key: (json) => {
      const version = Decoding.versionOf(json)
      return version === null ? null : `${version} ${driversKey}`
    },
    keyOfVersion: (version) => `${version} ${driversKey}`,
    decode: (json, object) => serviceFrom("list services", driverOf)(json, object)
  })
  return {
    nodes,
    tasks,
    networks,
    services: (text: string, known: ReadonlyArray<Network>) => {
      driverOf = driversOf(known)
      driversKey = [...driverOf]
        .map(([id, driver]) => `${id}=${driver}`)
        .sort()
        .join(",")
      return services(text)
    }
  }
}
