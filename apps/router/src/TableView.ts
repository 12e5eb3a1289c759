/** The routing table in force and where it came from: what the data plane, the admin pages and the metrics look at. */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { FeedVersion } from "@evenkeel/feed/FeedProtocol"
import type { FeedSource } from "@evenkeel/feed/FeedSubscription"

export interface TableView {
  /** Null until the first one. The same object as long as it stays the same. */
  readonly table: RoutingTable | null
  /** Null for a table from a file. */
  readonly version: FeedVersion | null
  /** The feed's URL or the file's path. */
  readonly source: string | null
  /** Every feed that is followed; none for a file. */
  readonly sources: ReadonlyArray<FeedSource>
}
