import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HiloError } from '../errors.ts'
import { checkBody } from './check-body.ts'

function refusal(json: string): { field: string | undefined, message: string } {
  try {
    checkBody(JSON.parse(json))
  } catch (error) {
    assert.ok(error instanceof HiloError)
    assert.equal(error.code, 'INVALID_REQUEST')
    return { field: error.field, message: error.message }
  }
  assert.fail(`${json.slice(0, 80)} was let through`)
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('what cannot be stored is refused with its path:', () => {
  const cases: [what: string, json: string, field: string | undefined, message: RegExp][] = [
    ['a NUL in a text', '{"a":{"b":["x","\\u0000"]}}', 'a.b[1]', /"a\.b\[1\]" holds a NUL character/],
    ['a NUL in a name', '{"a":{"b\\u0000c":1}}', 'a.b\uFFFDc', /has a name that holds a NUL/],
    ['half an emoji', '{"messages":[{"query":"\\ud83d"}]}', 'messages[0].query', /lone surrogate/],
    ['half an emoji in a name', '{"\\udc00":1}', '\uFFFD', /lone surrogate/],
    ['a number that overflows', '{"a":[1e999]}', 'a[0]', /too large to be read/],
    ['__proto__', '{"metadata":{"__proto__":{"isAdmin":true}}}', 'metadata.__proto__', /not allowed as a name/],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}', 'constructor.prototype', /not allowed as a name/],
    ['a NUL as the whole body', '"\\u0000"', undefined, /The body holds a NUL/],
    ['a number too large as the whole body', '-1e999', undefined, /The body is a number too large/],
  ]
  for (const [what, json, field, message] of cases) {
    test(what, () => {
      const refused = refusal(json)
      assert.equal(refused.field, field)
      assert.match(refused.message, message)
    })
  }

  test('nesting deeper than 32, however deep', () => {
    assert.match(refusal(nested(33)).message, /deeper than 32 levels/)
    assert.match(refusal(nested(200_000)).message, /deeper than 32 levels/)
    checkBody(JSON.parse(nested(32)))
  })
})

test('ordinary JSON goes through, whatever its shape', () => {
  checkBody(undefined)
  checkBody(JSON.parse('{"constructor":{"name":"x"},"prototype":1,"a":[],"b":{},"":"","c":[null,true,"ñ😀",0.5]}'))
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
    fc.pre(!/__proto__|\\u0000/.test(JSON.stringify(value)))
    checkBody(value)
  }))
})

test('one bad character anywhere is found', () => {
  const bad = fc.constantFrom('\0', '\ud800', 'x\udfff', 'a\0b')
  const place = fc.array(fc.oneof(fc.constant(0), fc.string()), { maxLength: 20 })
  fc.assert(fc.property(bad, place, (text, path) => {
    const body = path.reduce<unknown>((inner, key) => (key === 0 ? ['x', inner] : { [`k${key}`]: inner }), text)
    assert.throws(() => checkBody(body), HiloError)
  }))
})
