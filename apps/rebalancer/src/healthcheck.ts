/** The image's health probe: `node healthcheck.mjs [URL]`. */
import { main } from "@evenkeel/observability/Probe"

main("http://127.0.0.1:7071/healthz")
