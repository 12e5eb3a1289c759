// Type-aware rules are left to `tsc` and the tests; ESLint holds the boundaries and what a reader stumbles over.
import nx from "@nx/eslint-plugin"
import tseslint from "typescript-eslint"

const layers = [
  { sourceTag: "layer:core", onlyDependOnLibsWithTags: [] },
  { sourceTag: "layer:lib", onlyDependOnLibsWithTags: ["layer:core", "name:observability"] },
  { sourceTag: "layer:swarm", onlyDependOnLibsWithTags: ["layer:core", "name:swarm-client"] },
  { sourceTag: "layer:app", onlyDependOnLibsWithTags: ["layer:core", "layer:lib", "layer:swarm"] },
  { sourceTag: "layer:tool", onlyDependOnLibsWithTags: ["layer:core", "layer:lib", "layer:swarm"] },
  {
    sourceTag: "name:domain",
    bannedExternalImports: ["dockerode", "docker-modem", "@effect/platform*", "ws", "node:*"]
  },
  { sourceTag: "name:http1", bannedExternalImports: ["*"] }
]

/** For projects whose code is Effect throughout: time comes from Clock, so that tests can set it. */
export const timeFromClock = {
  files: ["src/**/*.ts"],
  rules: {
    "no-restricted-properties": [
      "error",
      ...["Date", "performance"].map((object) => ({ object, property: "now", message: "Take the time from Clock." }))
    ]
  }
}

export default tseslint.config(
  { ignores: ["**/dist/**", "**/node_modules/**", "**/.nx/**"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // `interface X extends Y {}` and empty class bodies are how Effect's tags and schemas are written.
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-unsafe-declaration-merging": "off",
      "no-console": "error",
      eqeqeq: "error",
      "require-yield": "off",
      "no-restricted-imports": [
        "error",
        {
          paths: [{ name: "effect", message: "Import the module itself: effect/Effect. A barrel costs start-up time." }]
        }
      ]
    }
  },
  {
    // Sources only: tests may reach for the fixtures of what they test.
    files: ["**/src/**/*.ts"],
    plugins: { "@nx": nx },
    rules: {
      "@nx/enforce-module-boundaries": [
        "error",
        { enforceBuildableLibDependency: true, allow: [], depConstraints: layers }
      ]
    }
  }
)
