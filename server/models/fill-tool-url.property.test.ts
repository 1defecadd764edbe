import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fillToolUrl } from './fill-tool-url.ts'

const hostile = fc.constantFrom(
  '../', '..', '.', '/', '\\', '//evil.example', '@evil.example', '#', '?', '&', '=', ';', '%2e%2e', '%2F', '%', '\r\n', '\t',
  '\0', ' ', ':', '{b}', '{a}', '😀', '\uD83D', 'ñ', '٢', '．', '／', '。', '＠', '‮', '$&', '', 'x', '7',
)
const value = fc.oneof(
  fc.array(hostile, { maxLength: 5 }).map((parts) => parts.join('')), fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(),
)
const templates = [
  'https://api.example.com/orders/{a}/lines/{b}?q={c}&fixed=1&r={d}', 'https://api.example.com:8443/{a}{b}/x-{c}.json?{d}=1',
  'https://api.example.com/v1?path={a}{b}&q={c}#frag-{d}', 'https://api.example.com/a/.{a}/{b}./%2e{c}?d={d}',
]

const shape = (url: URL) => [
  url.protocol, url.username, url.password, url.host, url.hash, url.pathname.split('/').length, [...url.searchParams].length,
]

const values = fc.tuple(value, value, value, value)

test('whatever arguments hold, they stay in their places of a URL, and nothing else changes', () => {
  fc.assert(fc.property(fc.constantFrom(...templates), values, (template, [a, b, c, d]) => {
    const input = { a, b, c, d, e: 'unused' }
    const filled = fillToolUrl(template, input)
    if ('problem' in filled) {
      assert.match(filled.problem, /must not (be empty|hold)/)
      return
    }
    assert.match(filled.url, /^[\x21-\x7e]+$/)
    const url = new URL(filled.url)
    const plain = fillToolUrl(template, { a: 'x', b: 'x', c: 'x', d: 'x' }) as { url: string }
    const expected = shape(new URL(plain.url))
    if (template.includes('{d}=1') && String(d) === '') expected[6] = [...url.searchParams].length
    assert.deepEqual(shape(url), expected, filled.url)
    assert.equal(url.href.length >= filled.url.length - 1, true, 'no part was taken away as a way up')
    if (template === templates[0]) {
      const told = [...url.pathname.split('/').filter((_, index) => index === 2 || index === 4).map(decodeURIComponent),
        url.searchParams.get('q'), url.searchParams.get('r')]
      assert.deepEqual(told, [a, b, c, d].map((one) => String(one).toWellFormed()))
    }
    assert.deepEqual(Object.keys(filled.unused).at(-1), 'e')
  }), { numRuns: 2000 })
})

test('ways up in the path are refused, also those that only some servers read as such', () => {
  const hostilePaths = [
    '..', '.', '../..', '..\\..', 'a/../b', '/..', '%2e%2e', '%2E%2e%2f', '..;/x', '%252e%252e', '..%2f..', 'a\\..', '.;a=b',
  ]
  for (const id of hostilePaths) {
    assert.ok('problem' in fillToolUrl('https://api.example.com/orders/{id}', { id }), id)
    assert.ok('url' in fillToolUrl('https://api.example.com/orders?id={id}', { id }), id)
  }
  assert.ok('problem' in fillToolUrl('https://api.example.com/{a}{b}/x', { a: '.', b: '.' }))
  for (const id of ['1.5', '..a', 'a..', '2026/15', 'a.b', '...', 'x;y']) {
    assert.ok('url' in fillToolUrl('https://api.example.com/orders/{id}', { id }), id)
  }
})

test('an argument that is missing in the path is asked for, and one of the prototype is missing', () => {
  for (const input of [{}, { id: '' }, { id: null }]) {
    assert.deepEqual(fillToolUrl('https://api.example.com/{id}', input), {
      problem: 'The argument "id" is needed, and must not be empty.',
    })
  }
  assert.ok('problem' in fillToolUrl('https://api.example.com/{constructor}', {}))
})

test('a template with an argument in scheme or host is not filled', () => {
  const wrong = ['{a}://example.com/', 'https://{a}/', 'https://api.{a}.com/', 'https://api.example.com{a}/', 'https://{a}@b.com/',
    'https:///{a}', 'https://x:{a}/', 'https:{a}', '{a}', 'https:\\\\{a}/', '//{a}/', 'ftp://example.com/{a}']
  for (const template of wrong) assert.ok('problem' in fillToolUrl(template, { a: 'evil.example' }), template)
})
