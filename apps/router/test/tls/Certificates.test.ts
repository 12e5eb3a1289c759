import { describe, expect, it } from "vitest"
import { Certificates, CertificateWrong } from "../../src/tls/Certificates.ts"
import { pair } from "./tls.fixture.ts"

describe("certificates", () => {
  it("are found by exact name and by wildcard for one label", () => {
    const certificates = new Certificates([pair("site"), pair("wild")])
    const site = certificates.contextFor("site.example")
    expect(site).not.toBe(null)
    expect(certificates.contextFor("WWW.site.example")).toBe(site)
    const wild = certificates.contextFor("a.wild.example")
    expect(wild).not.toBe(null)
    expect(wild).not.toBe(site)
    for (const name of ["wild.example", "a.b.wild.example", "other.example", "localhost"])
      expect(certificates.contextFor(name)).toBe(null)
    expect(certificates.view().map(({ names }) => names.join())).toEqual([
      "site.example,www.site.example",
      "*.wild.example"
    ])
  })

  it("are refused by name with another's key or without sense, and the old ones stay", () => {
    const certificates = new Certificates([pair("site")])
    const site = certificates.contextFor("site.example")
    const mixed = { ...pair("wild"), key: pair("site").key }
    expect(() => certificates.replace([pair("site"), mixed])).toThrow(CertificateWrong)
    expect(() => certificates.replace([mixed])).toThrow("wild.crt: the key is not the certificate's own")
    expect(() => certificates.replace([{ source: "x.crt", certificate: "no", key: "no" }])).toThrow("x.crt: ")
    expect(() => certificates.replace([])).toThrow("no certificate")
    expect(certificates.contextFor("site.example")).toBe(site)
  })
})
