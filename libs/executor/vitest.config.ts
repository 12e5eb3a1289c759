import { defineConfig } from "vitest/config"
import { shared } from "../../vitest.shared.ts"

export default defineConfig({
  ...shared,
  root: import.meta.dirname,
  // Most of the time is TestClock's: at each step it waits until no fiber can go on.
  test: { ...shared.test, maxWorkers: 5, minWorkers: 1 }
})
