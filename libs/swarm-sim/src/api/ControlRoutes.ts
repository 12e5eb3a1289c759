/**
 * `/_sim`: the simulation itself, on every endpoint and on an address of its own. Tells its state and its trace, makes faults,
 * moves a clock that is moved by hand. No engine has this path.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { textAt } from "../swarm/Json.ts"
import type { SwarmPort } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import type { ApiFaults } from "./ApiFaults.ts"
import { accepted, badRequest, EngineRefusal } from "./EngineRefusal.ts"
import { idOf } from "./EngineText.ts"
import { ControlFault, isApiFault } from "./FaultSchema.ts"
import { find } from "./Lookup.ts"
import { bodyOf, type Request } from "./Route.ts"
import type { SimState } from "./SimState.ts"

export interface Control {
  readonly swarm: SwarmPort
  readonly faults: ApiFaults
  /** Simulated seconds per second; null: the clock is moved by `advance`. */
  readonly speed: number | null
  readonly seed: number
  readonly runtime: string
  /** As DOCKER_HOST would name it; null where there is none. */
  readonly endpointOf: (nodeId: string) => string | null
  /** Lets so much simulated time pass; null where the clock goes by itself. */
  readonly advance: ((millis: number) => void) | null
  /** Lines of JSON, one a commit, of those after this index. */
  readonly traceSince: (index: bigint) => Iterable<string>
}

const stateOf = (control: Control): SimState => {
  const { faults, swarm } = control
  const leader = swarm.leader()
  return {
    nodes: swarm.list("node").map((node) => {
      const id = idOf(node)
      const { dropsEvents, errorRate, latencyMillis } = faults.of(id)
      return {
        id,
        hostname: textAt(node, "Description", "Hostname"),
        condition: swarm.nodeCondition(id),
        manager: swarm.isManager(id),
        leader: id === leader,
        endpoint: control.endpointOf(id),
        dropsEvents,
        latencyMillis,
        errorRate
      }
    }),
    leader,
    speed: control.speed ?? 0,
    seed: control.seed,
    runtime: control.runtime,
    now: new Date(swarm.nowMillis()).toISOString(),
    raftIndex: String(swarm.raftIndex())
  }
}

const decodeFault = Schema.decodeUnknownEither(ControlFault)

const makeFault = (request: Request, control: Control): Answer.Answer => {
  const decoded = decodeFault(bodyOf(request, "a fault"))
  if (Either.isLeft(decoded))
    throw badRequest(`this is no fault: ${ParseResult.TreeFormatter.formatErrorSync(decoded.left)}`)
  const fault = decoded.right
  if (isApiFault(fault)) {
    const node = fault.node === undefined ? {} : { node: idOf(find(control.swarm, "node", fault.node)) }
    control.faults.apply({ ...fault, ...node })
  } else accepted(control.swarm.fault(fault))
  return Answer.json(stateOf(control))
}

const advance = (request: Request, control: Control): Answer.Answer => {
  const { millis } = bodyOf(request, "an object")
  if (control.advance === null)
    throw new EngineRefusal(
      409,
      "the clock of this simulation goes by itself: start it with --speed 0 to move it by hand"
    )
  if (typeof millis !== "number" || !(millis >= 0))
    throw badRequest('"millis" must be a number of milliseconds, 0 or more')
  control.advance(millis)
  return Answer.json(stateOf(control))
}

const trace = (request: Request, control: Control): Answer.Answer => {
  const since = request.query.get("since") ?? "0"
  if (!/^\d+$/.test(since)) throw badRequest(`"since" must be the index of a commit, not "${since}"`)
  return {
    status: 200,
    contentType: "application/jsonl",
    body: { kind: "chunks", chunks: control.traceSince(BigInt(since)) }
  }
}

/** Undefined for a path that is not the simulation's. */
export const answerControl = (request: Request, control: Control): Answer.Answer | undefined => {
  if (!request.path.startsWith("/_sim")) return undefined
  switch (`${request.method} ${request.path}`) {
    case "GET /_sim/state":
      return Answer.json(stateOf(control))
    case "POST /_sim/faults":
      return makeFault(request, control)
    case "POST /_sim/advance":
      return advance(request, control)
    case "GET /_sim/trace":
      return trace(request, control)
    default:
      throw new EngineRefusal(404, "the simulation answers /_sim/state, /_sim/faults, /_sim/advance and /_sim/trace")
  }
}
