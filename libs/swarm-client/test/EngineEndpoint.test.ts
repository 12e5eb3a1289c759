import { describe, expect, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as EngineEndpoint from "../src/EngineEndpoint.ts"

const parse = (dockerHost?: string, others: EngineEndpoint.EndpointVariables = {}) =>
  EngineEndpoint.parse({ dockerHost, home: "/home/op", ...others })

describe("EngineEndpoint.parse", () => {
  it.each([
    [undefined, "unix:///var/run/docker.sock"],
    ["", "unix:///var/run/docker.sock"],
    ["unix://", "unix:///var/run/docker.sock"],
    ["unix:///run/other.sock", "unix:///run/other.sock"],
    ["tcp://manager1:2000", "tcp://manager1:2000"],
    ["tcp://manager1", "tcp://manager1:2375"],
    ["tcp://manager1:80", "tcp://manager1:80"],
    ["tcp://[fd00::1]:2375", "tcp://[fd00::1]:2375"]
  ])("takes %s as %s", (text, expected) => {
    expect(Either.map(parse(text), EngineEndpoint.format)).toEqual(Either.right(expected))
  })

  it("uses TLS with the files of DOCKER_CERT_PATH when DOCKER_TLS_VERIFY holds anything", () => {
    expect(parse("tcp://m", { dockerTlsVerify: "1", dockerCertPath: "/certs" })).toEqual(
      Either.right({
        kind: "tcp",
        host: "m",
        port: 2376,
        tls: { ca: "/certs/ca.pem", cert: "/certs/cert.pem", key: "/certs/key.pem" }
      })
    )
    expect(Either.getOrThrow(parse("tcp://m:1", { dockerTlsVerify: "1" }))).toMatchObject({
      port: 1,
      tls: { ca: "/home/op/.docker/ca.pem" }
    })
    expect(Either.getOrThrow(parse("tcp://m", { dockerCertPath: "/certs" }))).toMatchObject({ port: 2375, tls: null })
  })

  it.each([
    ["ssh://op@manager1", "ssh -N -L"],
    ["npipe:////./pipe/docker_engine", "unix:///path"],
    ["/run/docker.sock", "unix:///run/docker.sock"],
    ["unix://relative.sock", "unix:///relative.sock"],
    ["manager1:2375", "tcp://manager1:2375"],
    ["tcp://", "tcp://host:port"],
    ["tcp://user@manager1:2375", "without user"],
    ["tcp://manager1:2375/prefix", "without user, path"],
    ["tcp://manager1:99999", "tcp://host:port"]
  ])("refuses %s and says what to write", (text, cure) => {
    const refused = Either.flip(parse(text))
    expect(Either.getOrThrow(refused)._tag).toBe("EndpointInvalid")
    expect(Either.getOrThrow(refused).message).toContain(cure)
  })
})

describe("EngineEndpoint.fromEnv", () => {
  it.effect("reads the Docker CLI's variables", () =>
    Effect.gen(function* () {
      const variables = new Map([
        ["DOCKER_HOST", "tcp://manager1"],
        ["DOCKER_TLS_VERIFY", "1"],
        ["HOME", "/root"]
      ])
      const endpoint = yield* Effect.withConfigProvider(EngineEndpoint.fromEnv, ConfigProvider.fromMap(variables))
      expect(endpoint).toEqual({
        kind: "tcp",
        host: "manager1",
        port: 2376,
        tls: { ca: "/root/.docker/ca.pem", cert: "/root/.docker/cert.pem", key: "/root/.docker/key.pem" }
      })
    })
  )
})
