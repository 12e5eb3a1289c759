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
  /** A service asks for sticky cookies, and the routers share no key for them. */
  | { readonly type: "sticky-key-random"; readonly target: string }
  | {
      readonly type: "health-check-failed" | "health-check-passed"
      readonly service: string
      readonly task: string
      readonly node: string
      /** The status, or why there was none. */
      readonly cause: string
      /** Whether it gets no requests; where half of the service is out already, it still does. */
      readonly out: boolean
    }
  | {
      readonly type: "worker-ended"
      readonly worker: number
      /** A signal or an exit code. */
      readonly how: string
      readonly replacedAfterMs: number
    }
