/**
 * Balance and skew as metrics, made from the newest snapshot when they are asked for: what is gone is then gone from them too,
 * and a reading does not pay for them.
 */
import * as Skews from "@evenkeel/domain/Skews"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { MetricFamily } from "@evenkeel/observability/PrometheusText"
import { prefix } from "./RebalancerMetrics.ts"

/** The share of services, groups and the nodes as a whole whose skew is at most 1; 1 is balanced. */
export const shareEven = ({ groups, nodes, services }: Skews.Skews): number => {
  const skews = [...services, ...groups].map(({ skew }) => skew).concat(nodes)
  return skews.filter((skew) => skew <= 1).length / skews.length
}

export const families = (snapshot: Snapshot | null): ReadonlyArray<MetricFamily> => {
  if (snapshot === null) return []
  const skews = Skews.of(snapshot)
  return [
    {
      name: `${prefix}balance`,
      help: "Share of services, groups and the nodes as a whole whose skew is at most 1; 1 is balanced.",
      type: "gauge",
      samples: [{ labels: {}, value: shareEven(skews) }]
    },
    {
      name: `${prefix}skew`,
      help: "Most less fewest tasks over the nodes that may run them: of a service, of a group, of all.",
      type: "gauge",
      samples: [
        ...skews.services.map(({ name, skew }) => ({ labels: { scope: "service", name }, value: skew })),
        ...skews.groups.map(({ name, skew }) => ({ labels: { scope: "group", name }, value: skew })),
        { labels: { scope: "nodes", name: "" }, value: skews.nodes }
      ]
    }
  ]
}
