/** Envoy: one worker thread, no time-outs of its own, no limits that the others do not have. Where it is on the PATH. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Missing } from "../../Children.ts"
import { peerOf, type Setting, type StartPeer, versionOf } from "../Peer.ts"
import { descriptors, hasCommand } from "../Pinned.ts"

const extension = (name: string) => `type.googleapis.com/envoy.extensions.filters.${name}`

const socketAddress = ({ host, port }: { readonly host: string; readonly port: number }) => ({
  socket_address: { address: host, port_value: port }
})

const cluster = (name: string, origins: ReadonlyArray<{ readonly host: string; readonly port: number }>) => ({
  name,
  type: "STATIC",
  connect_timeout: "5s",
  lb_policy: "LEAST_REQUEST",
  circuit_breakers: {
    thresholds: [{ max_connections: descriptors, max_pending_requests: descriptors, max_requests: descriptors }]
  },
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: origins.map((origin) => ({ endpoint: { address: socketAddress(origin) } })) }]
  }
})

const route = (prefix: string, to: string) => ({ match: { prefix }, route: { cluster: to, timeout: "0s" } })

/** The first route whose prefix fits is taken. */
export const configuration = ({ backend, port }: Pick<Setting, "backend" | "port">) => ({
  static_resources: {
    listeners: [
      {
        name: "all",
        address: socketAddress({ host: "127.0.0.1", port }),
        tcp_backlog_size: 8_192,
        filter_chains: [
          {
            filters: [
              {
                name: "envoy.filters.network.http_connection_manager",
                typed_config: {
                  "@type": extension("network.http_connection_manager.v3.HttpConnectionManager"),
                  stat_prefix: "all",
                  use_remote_address: true,
                  stream_idle_timeout: "0s",
                  upgrade_configs: [{ upgrade_type: "websocket" }],
                  route_config: {
                    virtual_hosts: [
                      { name: "all", domains: ["*"], routes: [route("/echo", "echo"), route("/", "main")] }
                    ]
                  },
                  http_filters: [
                    { name: "envoy.filters.http.router", typed_config: { "@type": extension("http.router.v3.Router") } }
                  ]
                }
              }
            ]
          }
        ]
      }
    ],
    clusters: [cluster("main", backend.http), cluster("echo", backend.echo)]
  }
})

export const startEnvoy: StartPeer = async (setting) => {
  if (!hasCommand("envoy")) throw new Missing("envoy is not on the PATH")
  const file = join(setting.folder, "envoy.json")
  writeFileSync(file, JSON.stringify(configuration(setting)))
  return peerOf("envoy", versionOf("envoy", ["--version"]), setting, {
    command: "envoy",
    args: ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
  })
}
