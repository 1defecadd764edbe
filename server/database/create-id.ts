import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'
const randomLength = 16
const pool = Buffer.alloc(4096)
let used = pool.length

/**
 * A new id in the shape of a CUID: 25 characters, `c` and 24 of `[0-9a-z]`, which existing clients check for.
 * It starts with the time in milliseconds, so that new rows land together at the end of their indexes;
 * 16 random characters (82 bits) follow.
 */
export function createId(now = Date.now()): string {
  let id = `c${now.toString(36).padStart(8, '0')}`
  while (id.length < 9 + randomLength) {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const byte = pool[used++]!
    if (byte < 252) id += alphabet[byte % 36] // 252 = 7 × 36: a larger byte would favour some characters
  }
  return id
}
