/**
 * Which octets HTTP/1.1 allows where, as tables of 256 entries (1 = allowed). Indexing with what `charCodeAt` gives past the
 * end of a string (NaN) yields undefined, so a scan of a string that compares with 1 stops there by itself.
 */

const table = (allowed: (octet: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, octet) => (allowed(octet) ? 1 : 0))

const isAlphaNumeric = (o: number): boolean => (o >= 48 && o <= 57) || (o >= 65 && o <= 90) || (o >= 97 && o <= 122)

/** `tchar` of RFC 9110 §5.6.2: methods, field names, connection options, chunk extension names. */
export const tokenOctets = table(
  (o) => isAlphaNumeric(o) || (o < 128 && "!#$%&'*+-.^_`|~".includes(String.fromCharCode(o)))
)

/** `field-value` of RFC 9110 §5.5: HTAB, SP, visible characters, obs-text. No CR, LF, NUL or other control. */
export const fieldValueOctets = table((o) => o === 9 || (o >= 32 && o !== 127))

/**
 * Request targets: visible ASCII without `#`, for a fragment is never sent (RFC 9112 §3.2). Wider than RFC 3986 on purpose:
 * `|`, `{`, `"` and the like occur in the wild and carry no framing.
 */
export const targetOctets = table((o) => o > 32 && o < 127 && o !== 35)

/** `reg-name` of RFC 3986 §3.2.2: unreserved, sub-delims and `%` (whose two digits are checked apart). */
export const regNameOctets = table(
  (o) => isAlphaNumeric(o) || (o < 128 && "-._~!$&'()*+,;=%".includes(String.fromCharCode(o)))
)

/** `quoted-string` of RFC 9110 §5.6.4 between its quotes, without the quote and the backslash. */
export const quotedTextOctets = table((o) => o === 9 || (o >= 32 && o !== 34 && o !== 92 && o !== 127))

/** The value of a hexadecimal digit, -1 for any other octet. */
export const hexValues = Int8Array.from({ length: 256 }, (_, o) =>
  o >= 48 && o <= 57 ? o - 48 : o >= 65 && o <= 70 ? o - 55 : o >= 97 && o <= 102 ? o - 87 : -1
)

export const HTAB = 9
export const LF = 10
export const CR = 13
export const SP = 32
