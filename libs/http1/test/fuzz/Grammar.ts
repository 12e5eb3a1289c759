/**
 * Messages on the edge of HTTP/1.1: most of their parts as they should be, some in one of the ways that have fooled parsers,
 * and now and then a byte changed, dropped or doubled anywhere.
 */
import type { Random } from "./Random.ts"

const lineEnds = ["\r\n", "\n", "\r", "\r\r\n", "\n\r", " \r\n", "\t\r\n", "\0\r\n"] as const
const methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"] as const
const oddMethods = ["get", "G ET", "", "GET\t", "CONNECT", "M-SEARCH", "PRI", "\x80GET", "TRACE"] as const
const targets = ["/", "/a/b?c=d", "*", "http://h/", "http://h:80/x?y", "/%41", "/a|b", "/[]{}", "//x", "/a;b"] as const
const oddTargets = ["", "a", "/a b", "/\x00", "/\x7f", "/#f", "/\xe4", "h:80", "http://", "http://u@h/", "\t/"] as const
const versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"] as const
const oddVersions = [
  "HTTP/1.2",
  "HTTP/2.0",
  "http/1.1",
  "HTTP/1.1 ",
  "HTTP/1.11",
  "HTTP/01.1",
  "",
  "HTTP/1,1",
  "ICE/1.0"
] as const
const names = [
  "Accept",
  "Cookie",
  "X-A",
  "x_a",
  "Content-Type",
  "TE",
  "Trailer",
  "Via",
  "X-Forwarded-For",
  "!#$%"
] as const
const oddNames = ["", "A B", "A\t", " A", "A\0", "\xe4", "A(", "\tA", "A\r", ":"] as const
const values = ["", "1", "a, b", "text/html", "\x80\xff", '"q"', "a\tb", "  padded\t "] as const
const oddValues = ["a\0b", "a\rb", "a\x01b", "a\x7fb", "a\r\n b", "a\nX: y", "\x0b", "\r"] as const
const lengths = [
  "0",
  "5",
  "5",
  "10",
  "007",
  "1e1",
  "+5",
  "-5",
  "5 ",
  " 5",
  "0x5",
  "5,5",
  "5, 5",
  "",
  "18446744073709551621",
  "5\x00",
  "٥",
  "5;a"
] as const
const codings = [
  "chunked",
  "chunked",
  "chunked",
  "Chunked",
  " chunked ",
  "gzip, chunked",
  "chunked, gzip",
  "identity",
  "chunked, chunked",
  ",chunked",
  "chunked,",
  "\x0bchunked",
  "chunked\x0b",
  "xchunked",
  "chunke",
  "",
  '"chunked"',
  "chunked;q=1"
] as const
const framingNames = [
  "Content-Length",
  "content-length",
  "Content-Length ",
  "Content_Length",
  "Content-Length\t",
  " Content-Length",
  "Content-Lengt",
  "Transfer-Encoding",
  "transfer-encoding",
  "Transfer-Encoding ",
  "Transfer_Encoding",
  "\x00Transfer-Encoding",
  "Transfer-Encodin"
] as const
const hosts = ["h", "h", "h", "h:80", "[::1]", "", "h h", "h:x", "a@b", "h,i", "h\t", "-h", "h/"] as const
const connectionValues = [
  "keep-alive",
  "close",
  "upgrade",
  "Content-Length",
  "Transfer-Encoding, close",
  ",",
  "x y",
  ""
] as const
const chunkSizes = [
  "5",
  "5",
  "5",
  "05",
  "A",
  "a",
  "0x5",
  "+5",
  "-1",
  " 5",
  "5 ",
  "",
  "g",
  "ffffffffffffffff",
  "10000000000000005",
  "5\t"
] as const
const extensions = [
  "",
  "",
  "",
  ";a",
  ";a=b",
  ';a="b\\"c"',
  "; a",
  ";",
  ";a=",
  ";a b",
  ';a="\r\n"',
  ";a\n",
  ";\x00",
  ";a=\xe4"
] as const
const trailers = [
  "",
  "",
  "",
  "X-T: v\r\n",
  "Content-Length: 5\r\n",
  "X-T : v\r\n",
  "X-T: v\n",
  ": v\r\n",
  "X-T\r\n",
  "X-T: \x00\r\n"
] as const

/** Once in `times` something odd. */
const some = (
  random: Random,
  usual: readonly [string, ...Array<string>],
  odd: readonly [string, ...Array<string>],
  times: number
) => random.pick(random.once(times) ? odd : usual)

const lineEnd = (random: Random): string => (random.once(60) ? random.pick(lineEnds) : "\r\n")

const fieldLine = (random: Random): string => {
  const name = some(random, names, oddNames, 40)
  const colon = random.once(50) ? random.pick([" : ", " :", "", ";", "::"]) : random.pick([": ", ":", ":  ", ":\t"])
  return name + colon + some(random, values, oddValues, 40) + lineEnd(random)
}

const framingLine = (random: Random): string => {
  const name = random.once(6) ? random.pick(framingNames) : random.pick(["Content-Length", "Transfer-Encoding"])
  const isLength = /len/i.test(name)
  const value = random.once(4) ? random.pick(isLength ? lengths : codings) : isLength ? "5" : "chunked"
  return `${name}:${random.once(8) ? random.pick(["", "\t", "  "]) : " "}${value}${lineEnd(random)}`
}

const chunk = (random: Random): string => {
  const size = random.once(8) ? random.pick(chunkSizes) : "5"
  const extension = random.once(8) ? random.pick(extensions) : ""
  const data = random.once(20) ? random.pick(["hell", "hello!", ""]) : "hello"
  return size + extension + lineEnd(random) + data + lineEnd(random)
}

const chunkedBody = (random: Random): string => {
  let body = ""
  for (let n = random.below(3); n > 0; n--) body += chunk(random)
  const last = random.once(12) ? random.pick(["00", "0;a", "0 ", "-0", "0x0"]) : "0"
  return body + last + lineEnd(random) + (random.once(4) ? random.pick(trailers) : "") + lineEnd(random)
}

/** What comes after a head: often what the head announces, otherwise what another head would. */
const bodyFor = (random: Random, head: string): string => {
  const kind = random.once(10)
    ? random.below(3)
    : /^transfer-encoding/im.test(head)
      ? 0
      : /^content-length/im.test(head)
        ? 1
        : 2
  return kind === 0 ? chunkedBody(random) : kind === 1 ? "hello" : ""
}

const fieldBlock = (random: Random, host: boolean): string => {
  const lines: Array<string> = []
  if (host && !random.once(30)) lines.push(`Host: ${random.once(12) ? random.pick(hosts) : "h"}${lineEnd(random)}`)
  for (let n = random.below(4); n > 0; n--) lines.push(fieldLine(random))
  if (random.once(2)) lines.push(framingLine(random))
  if (random.once(10)) lines.push(framingLine(random))
  if (random.once(8)) lines.push(`Connection: ${random.pick(connectionValues)}${lineEnd(random)}`)
  if (random.once(40)) lines.push(`Host: ${random.pick(hosts)}\r\n`)
  if (random.once(40)) lines.push(` folded${lineEnd(random)}`)
  if (random.once(40)) lines.push("Expect: 100-continue\r\n")
  if (random.once(3)) lines.reverse()
  return lines.join("") + lineEnd(random)
}

const tricky = "\0\t\n\r :;,0159aAzZ\x7f\x80\xff-_/*chunked"

const damage = (random: Random, text: string): string => {
  const at = random.below(text.length)
  const byte = tricky.charAt(random.below(tricky.length))
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + byte + text.slice(at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + byte + text.slice(at + 1)
    default:
      return text.slice(0, at) + text.slice(at, at + 4) + text.slice(at)
  }
}

/** One to three requests one after another, as bytes. */
export const requests = (random: Random): Buffer => {
  let text = random.once(20) ? random.pick(["\r\n", "\n", "\r\n\r\n", " "]) : ""
  for (let n = 1 + random.below(3); n > 0; n--) {
    const line = `${some(random, methods, oddMethods, 40)} ${some(random, targets, oddTargets, 40)} ${some(random, versions, oddVersions, 40)}`
    const head = line + lineEnd(random) + fieldBlock(random, true)
    text += head + bodyFor(random, head)
  }
  while (random.once(4)) text = damage(random, text)
  return Buffer.from(text, "latin1")
}

const statusLines = [
  "HTTP/1.1 200 OK",
  "HTTP/1.1 200 OK",
  "HTTP/1.1 404 Not Found",
  "HTTP/1.0 200 OK",
  "HTTP/1.1 204 No",
  "HTTP/1.1 304 Not"
] as const
const oddStatusLines = [
  "HTTP/1.1 200",
  "HTTP/1.1  200 OK",
  "HTTP/1.1 20 OK",
  "HTTP/1.1 099 x",
  "HTTP/1.1 600 x",
  "HTTP/2 200 OK",
  "HTTP/1.1 200\tOK",
  "HTTP/1.1 200 O\0K",
  "http/1.1 200 OK",
  "HTTP/1.1 2000 x"
] as const

/** One response to a GET, perhaps with interim ones before it, as bytes. */
export const response = (random: Random): Buffer => {
  let text = random.once(10) ? "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" : ""
  const head = some(random, statusLines, oddStatusLines, 20) + lineEnd(random) + fieldBlock(random, false)
  text += head + bodyFor(random, head)
  while (random.once(4)) text = damage(random, text)
  return Buffer.from(text, "latin1")
}

/** `bytes` cut at random places. */
export const split = (random: Random, bytes: Buffer): ReadonlyArray<Buffer> => {
  const pieces: Array<Buffer> = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.below(random.once(3) ? 2 : 40))
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}
