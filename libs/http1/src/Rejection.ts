/**
 * Why a message is refused, as a value. For a request the status is what to answer before the connection is closed; for a
 * response any rejection means that the upstream cannot be trusted (502). A message refused is never forwarded in part.
 */

/** One word for logs, metrics and the client: which rule was broken. */
export type RejectionReason =
  | "bare-cr-or-lf"
  | "control-character"
  | "request-line"
  | "status-line"
  | "method"
  | "target"
  | "version"
  | "field-name"
  | "whitespace-before-colon"
  | "obs-fold"
  | "host"
  | "content-length"
  | "transfer-encoding"
  | "framing"
  | "connect"
  | "expect"
  | "target-too-long"
  | "head-too-large"
  | "too-many-fields"
  | "chunk-size"
  | "chunk-extension"
  | "chunk-end"
  | "trailer"

export interface Rejection {
  readonly status: 400 | 414 | 417 | 431 | 501 | 505
  readonly reason: RejectionReason
  /** A sentence for the sender, without any of the sender's own bytes. */
  readonly message: string
}

const of = (status: Rejection["status"], reason: RejectionReason, message: string): Rejection => ({
  status,
  reason,
  message
})

/** Every rejection there is; shared values, so that refusing allocates nothing. */
export const rejections = {
  bareLineEnd: of(400, "bare-cr-or-lf", "Lines end with CR LF; a lone CR or LF is not allowed."),
  control: of(400, "control-character", "A field value contains a control character."),
  requestLine: of(400, "request-line", "The request line is not `method SP target SP HTTP-version`."),
  statusLine: of(400, "status-line", "The status line is not `HTTP-version SP status SP reason`."),
  method: of(400, "method", "The method is not a token."),
  target: of(400, "target", "The request target is malformed."),
  version: of(505, "version", "Only HTTP/1.1 and HTTP/1.0 are spoken here."),
  fieldName: of(400, "field-name", "A field name is empty or contains a character that is not allowed."),
  spaceBeforeColon: of(400, "whitespace-before-colon", "Whitespace between a field name and its colon is not allowed."),
  obsFold: of(400, "obs-fold", "Folded field lines are not allowed."),
  hostMissing: of(400, "host", "A request of HTTP/1.1 needs a Host field."),
  hostRepeated: of(400, "host", "More than one Host field."),
  hostInvalid: of(400, "host", "The Host field is not `host[:port]`."),
  contentLength: of(400, "content-length", "Content-Length is not one decimal number."),
  contentLengthRepeated: of(400, "content-length", "More than one Content-Length."),
  bothFramings: of(400, "framing", "Content-Length and Transfer-Encoding exclude one another."),
  transferEncoding: of(400, "transfer-encoding", "Transfer-Encoding is not `chunked`."),
  transferCodingUnknown: of(501, "transfer-encoding", "No transfer coding but `chunked` is understood."),
  transferEncodingOld: of(400, "transfer-encoding", "HTTP/1.0 has no Transfer-Encoding."),
  connect: of(501, "connect", "CONNECT is not served: this is a gateway."),
  expectation: of(417, "expect", "No expectation but `100-continue` is understood."),
  targetTooLong: of(414, "target-too-long", "The request line is too long."),
  headTooLarge: of(431, "head-too-large", "The head of the message is too large."),
  tooManyFields: of(431, "too-many-fields", "The message has too many fields."),
  chunkSize: of(400, "chunk-size", "A chunk size is not a hexadecimal number within bounds."),
  chunkExtension: of(400, "chunk-extension", "A chunk extension is malformed, or the extensions are too long."),
  chunkEnd: of(400, "chunk-end", "A chunk does not end where its size says."),
  trailer: of(400, "trailer", "A trailer field is malformed, too long, or not allowed in trailers.")
} as const satisfies Record<string, Rejection>
