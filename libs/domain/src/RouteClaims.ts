/**
 * Which host and path belongs to whom: the names that services claim, by right or by label, and who gets them. Where two claim
 * the same, the older keeps it and the other is reported, unless both say by `evenkeel.weight` that they share it.
 */
import type { ServiceId } from "./Ids.ts"
import { Route, type RoutedService } from "./RoutingTable.ts"
import type { Service } from "./Service.ts"
import type { ServiceLabels } from "./ServiceLabels.ts"

export interface Claimant {
  readonly service: Service
  readonly labels: ServiceLabels
}

/** A wish to answer for a host and path. */
interface Claim {
  readonly host: string
  readonly path: string
  readonly strip: boolean
  readonly redirect: "https" | null
  readonly target: string
  readonly services: ReadonlyArray<Service>
  /** One for each service where the claim is meant to be shared. */
  readonly weights: ReadonlyArray<number> | null
}

/** Claims in the order of their grant: full names, hosts by label, short names, groups; among equals the older service first. */
const claimsOf = (claimants: ReadonlyArray<Claimant>): ReadonlyArray<Claim> => {
  const alsoQualified = (claim: Claim): ReadonlyArray<Claim> => [claim, { ...claim, host: `${claim.host}.evenkeel` }]
  const plain = { path: "/", strip: false, redirect: null, weights: null }
  const own = (host: string, service: Service): Claim => ({
    ...plain,
    host: host.toLowerCase(),
    target: service.name,
    services: [service]
  })
  const explicit = claimants.flatMap(({ service, labels }) => {
    const hosts = labels.host ?? (labels.path === undefined ? [] : ["*"])
    const claim = {
      path: labels.path ?? "/",
      strip: labels.strip ?? false,
      redirect: labels.redirect ?? null,
      weights: labels.weight === undefined ? null : [labels.weight]
    }
    return hosts.map((host) => ({ ...own(host, service), ...claim }))
  })
  const fullNames = claimants.flatMap(({ service }) => alsoQualified(own(service.name, service)))
  const shortNameCounts = Map.groupBy(claimants, ({ service }) => service.shortName)
  const shortNames = claimants
    .filter(({ service }) => service.shortName !== service.name && shortNameCounts.get(service.shortName)?.length === 1)
    .flatMap(({ service }) => alsoQualified(own(service.shortName, service)))
  const groups = Map.groupBy(
    claimants.filter(({ labels }) => labels.group !== undefined),
    ({ labels }) => labels.group ?? ""
  )
  const groupNames = [...groups].flatMap(([group, members]) => {
    const services = members.map(({ service }) => service)
    return alsoQualified({ ...plain, host: group, target: group, services })
  })
  return [...fullNames, ...explicit, ...shortNames, ...groupNames]
}

type Report = (service: Service, problem: string) => void

/** Two claims that are both meant to be shared, as one; the older's path handling holds. */
const shared = (holder: Claim, claim: Claim, report: Report): Claim => {
  for (const label of ["strip", "redirect"] as const) {
    if (holder[label] === claim[label]) continue
    const problem = `shares ${claim.host}${claim.path} with ${holder.target}, which differs in evenkeel.${label}; the older one's holds`
    for (const service of claim.services) report(service, problem)
  }
  return {
    ...holder,
    target: `${holder.target}+${claim.target}`,
    services: [...holder.services, ...claim.services],
    weights: [...(holder.weights ?? []), ...(claim.weights ?? [])]
  }
}

const conflict = (holder: Claim, claim: Claim): string => {
  const half = (holder.weights === null) !== (claim.weights === null)
  const cure = half ? "; to share it, both need evenkeel.weight" : ""
  return `${claim.host}${claim.path} already belongs to ${holder.target}${cure}`
}

/** The routes of `claimants`, oldest first, all of which are in `routed`. What is not granted is reported. */
export const routesOf = (
  claimants: ReadonlyArray<Claimant>,
  routed: ReadonlyMap<ServiceId, RoutedService>,
  report: Report
): ReadonlyArray<Route> => {
  const granted = new Map<string, Claim>()
  for (const claim of claimsOf(claimants)) {
    const key = `${claim.host} ${claim.path}`
    const holder = granted.get(key)
    if (holder === undefined) granted.set(key, claim)
    else if (claim.services.every((service) => holder.services.includes(service))) continue
    else if (holder.weights !== null && claim.weights !== null) granted.set(key, shared(holder, claim, report))
    else for (const service of claim.services) report(service, conflict(holder, claim))
  }
  return [...granted.values()].flatMap(({ services, weights, ...claim }) => {
    const [first, ...others] = services.map(({ id }) => id)
    if (first === undefined) return []
    const holdMillis = Math.max(0, ...services.map(({ id }) => routed.get(id)?.holdMillis ?? 0))
    // A single service has it all, whatever its share is called; with the share 0 it has nothing.
    const shares = weights !== null && (weights.length > 1 || weights[0] === 0) ? weights : null
    return [new Route({ ...claim, holdMillis, services: [first, ...others], weights: shares })]
  })
}
