import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { webhookTypes } from '@hilo/contract'
import { eventsReference } from './events-reference.ts'

test('docs/events.md describes each type of event as its schema does; "npm run docs" writes it', () => {
  const document = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8')
  const [, reference] = /<!-- events -->\n([^]*?)\n<!-- \/events -->/.exec(document) ?? []
  assert.equal(reference, eventsReference())
  for (const type of webhookTypes) assert.equal(document.split(`\n### \`${type}\`\n`).length, 2, type)
})
