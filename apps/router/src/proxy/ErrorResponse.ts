/** Responses that the router makes itself: short, plain, with the reason as a word for programs and a line for people. */

const phrases: Readonly<Record<number, string>> = {
  200: "OK",
  308: "Permanent Redirect",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  414: "URI Too Long",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported"
}

export interface ErrorResponse {
  readonly status: number
  /** One word. */
  readonly reason: string
  /** One line: what, on what, and what to do about it. */
  readonly message: string
  /** Further field lines, each with its CR LF. */
  readonly fields?: string
}

/** The whole response as text. `close`: whether the connection ends with it; `toHead`: whether the body is left out. */
export const renderError = (response: ErrorResponse, dateLine: string, close: boolean, toHead: boolean): string => {
  const body = `${response.message}\n`
  return (
    `HTTP/1.1 ${response.status} ${phrases[response.status] ?? "Error"}\r\n` +
    `Server: evenkeel\r\n${dateLine}Content-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nEvenkeel-Reason: ${response.reason}\r\n` +
    `${response.fields ?? ""}${close ? "Connection: close\r\n" : ""}\r\n${toHead ? "" : body}`
  )
}
