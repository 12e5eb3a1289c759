/** What `LoadGenerator` and its worker say to each other. */
import type { LoadReport } from "./LoadReport.ts"

export type ToWorker =
  | { readonly type: "phase"; readonly name: string }
  | { readonly type: "targets"; readonly active: ReadonlyArray<string>; readonly dead: ReadonlyArray<string> }
  | { readonly type: "report"; readonly id: number }
  | { readonly type: "stop"; readonly id: number }

export interface FromWorker {
  readonly id: number
  readonly report: LoadReport
}
