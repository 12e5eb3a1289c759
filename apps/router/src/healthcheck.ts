/** The image's health probe: `node healthcheck.mjs [URL]`. */
import { main } from "@evenkeel/observability/Probe"

main(`http://127.0.0.1:${process.env["EVENKEEL_ROUTER_ADMIN_PORT"] ?? "9080"}/healthz`)
