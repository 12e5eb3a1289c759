/**
 * Balance and skew as metrics, made from the newest snapshot when they are asked for: what is gone is then gone from them too,
 * and a reading does not pay for them.
 */
import * as Balance from "@evenkeel/domain/Balance"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { MetricFamily } from "@evenkeel/observability/PrometheusText"
import { prefix } from "./RebalancerMetrics.ts"

/** The share of services, groups and the nodes as a whole whose skew is at most 1; 1 is balanced. */
export const shareEven = (balance: Balance.Balance): number => {
  const skews = [...balance.services, ...balance.groups].map(({ skew }) => skew).concat(balance.nodeSkew)
  return skews.filter((skew) => skew <= 1).length / skews.length
}

export const families = (snapshot: Snapshot | null): ReadonlyArray<MetricFamily> => {
  if (snapshot === null) return []
  const balance = Balance.of(snapshot)
  return [
    {
      name: `${prefix}balance`,
      help: "Share of services, groups and the nodes as a whole whose skew is at most 1; 1 is balanced.",
      type: "gauge",
      samples: [{ labels: {}, value: shareEven(balance) }]
    },
    {
      name: `${prefix}skew`,
      help: "Most less fewest tasks over the nodes that may run them: of a service, of a group, of all.",
      type: "gauge",
      samples: [
        ...balance.services.map(({ name, skew }) => ({ labels: { scope: "service", name }, value: skew })),
        ...balance.groups.map(({ group, skew }) => ({ labels: { scope: "group", name: group }, value: skew })),
        { labels: { scope: "nodes", name: "" }, value: balance.nodeSkew }
      ]
    }
  ]
}
