/** URLs that requests can be sent to. */

/** `n1:7070` is a URL too, of the scheme `n1`: it is none of these. */
export const isHttpUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "")
