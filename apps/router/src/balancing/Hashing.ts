/**
 * Hashes for choosing, the same on every router and in every release: FNV-1a over the low bytes of a text, and MurmurHash3's
 * finaliser to mix two hashes into a score. Fast and well spread, not meant to keep anyone from finding collisions.
 */

/** 32 bits, unsigned. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193)
  return mixed(hash)
}

const mixed = (value: number): number => {
  let x = value ^ (value >>> 16)
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** How much `key` belongs to the endpoint with `seed`: 32 bits, unsigned; the highest wins (Thaler and Ravishankar, 1998). */
export const scoreOf = (key: number, seed: number): number => mixed(key ^ seed)

/** A hash as a number in [0, 1). */
export const fractionOf = (hash: number): number => mixed(hash ^ 0x5bd1e995) / 0x1_0000_0000
