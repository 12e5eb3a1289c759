/** The version of this build: put in by the bundler; `development` when run from sources. */
export const version: string = process.env.EVENKEEL_VERSION ?? "development"
