import { describe, expect, it } from "vitest"
import { bodyError, textError } from "../../src/api/GoJson.ts"

/** The words of scanner.go in Go's encoding/json. */
describe("Go's words for what is no JSON", () => {
  it.each([
    ["{", "unexpected EOF"],
    ['{"a":', "unexpected EOF"],
    ["nope", "invalid character 'o' in literal null (expecting 'u')"],
    ["{a}", "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ["[1 2]", "invalid character '2' after array element"],
    ["<html>", "invalid character '<' looking for beginning of value"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ["1ex", "invalid character 'x' in exponent of numeric literal"],
    [String.raw`"\x"`, "invalid character 'x' in string escape code"],
    [String.raw`"\u12g4"`, String.raw`invalid character 'g' in \u hexadecimal character escape`],
    ['"a\nb"', String.raw`invalid character '\n' in string literal`],
    ["['a']", String.raw`invalid character '\'' looking for beginning of value`],
    ['{"a":[1,{"b":null}],"c":-1.5e+3} more', ""]
  ])("%s", (text, words) => {
    expect(bodyError(text)).toBe(words)
  })

  it("differ for a text that is to be one value", () => {
    expect(textError("{")).toBe("unexpected end of JSON input")
    expect(textError("{} x")).toBe("invalid character 'x' after top-level value")
    expect(textError('{"a":[true,false]} ')).toBe("")
  })
})
