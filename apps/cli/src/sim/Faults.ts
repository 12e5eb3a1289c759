/** What the commands of `evenkeel sim` do: ask the embedded Swarm for a fault, or its state, and show the state after it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SimState } from "@evenkeel/swarm-sim/api/SimState"
import type { OutputChoice } from "../CommonOptions.ts"
import * as Result from "../Result.ts"
import * as SimConnection from "./SimConnection.ts"
import * as SimView from "./SimView.ts"

export interface Given extends OutputChoice {
  readonly sim: Option.Option<string>
}

const show = (given: Given, state: SimState) => Result.show(given, "SimState", state, SimView.render)

export const status = (given: Given) =>
  Effect.flatMap(SimConnection.call(SimState, given.sim, "GET", "/state"), (state) => show(given, state))

export const make = (given: Given, fault: object) =>
  Effect.flatMap(SimConnection.call(SimState, given.sim, "POST", "/faults", fault), (state) => show(given, state))

export const nodeFault = (tag: string) => (given: Given & { readonly node: string }) =>
  make(given, { _tag: tag, node: given.node })

export const flap = (given: Given & { readonly node: string; readonly period: number; readonly times: number }) =>
  make(given, { _tag: "flap", node: given.node, periodMillis: given.period, times: given.times })

export const slowStart = (given: Given & { readonly service: string; readonly by: number }) =>
  make(given, { _tag: "slow-start", service: given.service, millis: given.by })

export const unhealthy = (given: Given & { readonly service: string; readonly off: boolean }) =>
  make(given, { _tag: "unhealthy", service: given.service, on: !given.off })

export const leaderChange = (given: Given) => make(given, { _tag: "leader-change" })

const onNode = ({ node }: { readonly node: Option.Option<string> }) =>
  Option.match(node, { onNone: () => ({}), onSome: (name) => ({ node: name }) })

interface OnNode extends Given {
  readonly node: Option.Option<string>
}

export const latency = (given: OnNode & { readonly by: number }) =>
  make(given, { _tag: "api-latency", millis: given.by, ...onNode(given) })

export const errors = (given: OnNode & { readonly rate: number; readonly status: number }) =>
  make(given, { _tag: "api-errors", rate: given.rate, status: given.status, ...onNode(given) })

export const dropEvents = (given: OnNode & { readonly off: boolean }) =>
  make(given, { _tag: "drop-events", on: !given.off, ...onNode(given) })
