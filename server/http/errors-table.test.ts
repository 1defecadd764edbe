import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorCodes } from '../errors.ts'
import { errorsTable } from './errors-table.ts'

const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test('docs/errors.md lists each error code once, with its status and meaning; "npm run docs" writes them', () => {
  const [, table] = /<!-- errors -->\n([^]*?)\n<!-- \/errors -->/.exec(document) ?? []
  assert.equal(table, errorsTable())
  for (const [code, { status, meaning }] of Object.entries(errorCodes)) {
    assert.equal(document.split(`| \`${code}\` | ${status} | ${meaning} |`).length, 2, code)
  }
})
