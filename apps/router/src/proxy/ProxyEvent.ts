/** The rare things a proxy has to say: never once per request. */
export type ProxyEvent =
  | {
      readonly type: "endpoint-ejected"
      readonly service: string
      readonly task: string
      readonly node: string
      readonly address: string
      readonly cause: string
      readonly forMs: number
    }
  | { readonly type: "endpoint-readmitted"; readonly service: string; readonly task: string; readonly node: string }
  | {
      readonly type: "node-suspect"
      readonly node: string
      /** `silent`: its router does not answer heartbeats; `timeouts`: two of its endpoints do not answer. */
      readonly source: "silent" | "timeouts"
      /** Requests without a response that were sent elsewhere or to wait. */
      readonly moved: number
    }
  | { readonly type: "node-cleared"; readonly node: string }
  | { readonly type: "hold-begun"; readonly target: string }
  | { readonly type: "hold-ended"; readonly target: string; readonly requests: number; readonly longestMs: number }
  | { readonly type: "loop"; readonly host: string }
