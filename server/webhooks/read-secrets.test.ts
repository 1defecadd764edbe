import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEncryption } from '../encryption/encrypt.ts'
import type { EndpointRow } from './access-endpoint.ts'
import { createSecretReader } from './read-secrets.ts'
import { secretOwner } from './webhook-secret.ts'

const encryption = createEncryption('a secret for nothing but this test', 'webhook secrets')

const endpointOf = (id: string, secret: string) => ({
  organization_id: 'o', id, secret, old_secret: null, old_secret_until: null,
}) as EndpointRow

const encrypt = (id: string, secret: string) => encryption.encrypt(secret, secretOwner('o', id))

test('a secret is decrypted once, a changed one anew, and those that were used long ago are forgotten', () => {
  let count = 0
  const read = createSecretReader({ decrypt: (...args) => {
    count += 1
    return encryption.decrypt(...args)
  } })
  const first = endpointOf('e', encrypt('e', 'one'))
  assert.deepEqual([read(first), read(first)], [['one'], ['one']])
  assert.equal(count, 1)
  assert.deepEqual(read(endpointOf('e', encrypt('e', 'two'))), ['two'])
  assert.equal(count, 2)
  for (let number = 0; number < 1_000; number += 1) read(endpointOf(`e${number}`, encrypt(`e${number}`, 'other')))
  assert.deepEqual(read(first), ['one'])
  assert.equal(count, 1_003)
})

test('a secret that was copied to another endpoint does not open, though it is in memory', () => {
  const read = createSecretReader(encryption)
  const secret = encrypt('e', 'one')
  read(endpointOf('e', secret))
  assert.throws(() => read(endpointOf('f', secret)), { name: 'DecryptionError' })
})
