/** `host[:port]` as it stands in a Host field or an absolute target (RFC 3986 §3.2, RFC 9110 §7.2). */
import { hexValues, regNameOctets } from "./Octets.ts"

const colon = 58

/** An address in brackets: hexadecimal digits, colons and dots; a future form (`v1.x`) is refused. */
const isIpLiteral = (text: string): boolean => /^\[[0-9A-Fa-f:.]{2,45}\]$/.test(text)

/**
 * Whether `text` is a host that is not empty, with a port of at most five digits or none. User information (`user@`) is
 * refused: it has no business in a request.
 */
export const isAuthority = (text: string): boolean => {
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf("]")
    return close !== -1 && isIpLiteral(text.slice(0, close + 1)) && isPortSuffix(text, close + 1)
  }
  let i = 0
  let c = text.charCodeAt(0)
  while (regNameOctets[c] === 1) {
    if (c === 37) {
      if (!((hexValues[text.charCodeAt(i + 1)] ?? -1) >= 0 && (hexValues[text.charCodeAt(i + 2)] ?? -1) >= 0))
        return false
      i += 2
    }
    c = text.charCodeAt(++i)
  }
  return i > 0 && isPortSuffix(text, i)
}

const isPortSuffix = (text: string, at: number): boolean => {
  if (at === text.length) return true
  if (text.charCodeAt(at) !== colon || text.length - at > 6) return false
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 48 || c > 57) return false
  }
  return true
}

/** The host of an authority for look-ups: lower case, without port and final dot. */
export const hostOf = (authority: string): string => {
  let end = authority.length
  for (let i = end - 1; i >= 0; i--) {
    const c = authority.charCodeAt(i)
    if (c === colon) {
      end = i
      break
    }
    if (c < 48 || c > 57) break
  }
  if (end > 1 && authority.charCodeAt(end - 1) === 46) end--
  return authority.slice(0, end).toLowerCase()
}
