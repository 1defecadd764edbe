import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parsePhone } from './parse-phone.ts'

interface Pair {
  country: string
  a: string
  b: string
  same: boolean | 'alias'
  why: string
  canonical?: string
}

const fixture = new URL('../test/fixtures/phone_identity.json', import.meta.url)
const { pairs } = JSON.parse(readFileSync(fixture, 'utf8')) as { pairs: Pair[] }

function read(raw: string, { country }: Pair, whatsapp: boolean) {
  const phone = parsePhone(raw, { defaultCountry: country, whatsapp })
  return phone.ok ? phone : { e164: `refused: ${phone.reason}`, aliases: [] }
}

for (const pair of pairs) {
  test(`${pair.a} and ${pair.b}: same is ${String(pair.same)} (${pair.why})`, () => {
    for (const whatsapp of [true, false]) {
      const a = read(pair.a, pair, whatsapp)
      const b = read(pair.b, pair, whatsapp)
      const oneAccount = pair.same === true || (pair.same === 'alias' && pair.country === 'AR' && whatsapp)
      assert.equal(a.e164 === b.e164, oneAccount, `${a.e164} ${b.e164}`)
      if (pair.canonical !== undefined) assert.equal(a.e164, pair.canonical)
      if (pair.same === 'alias' && !oneAccount) assert.deepEqual([a.aliases, b.aliases], [[b.e164], [a.e164]])
    }
  })
}
