/** What every project's vitest run shares: sources of sibling projects are read directly, not their builds. */
import type { ViteUserConfig } from "vitest/config"

export const shared: ViteUserConfig = {
  resolve: { conditions: ["@evenkeel/source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["@evenkeel/source", "node", "import", "default"] } },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    passWithNoTests: false,
    silent: "passed-only",
    // Against hanging only: how long a test takes on a busy machine says nothing about what it tests.
    testTimeout: 120_000
  }
}
