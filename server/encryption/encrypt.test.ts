import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEncryption, DecryptionError } from './encrypt.ts'

const secret = 'a secret of at least thirty-two characters'

test('what was encrypted is read back, and is another text each time', () => {
  const { encrypt, decrypt } = createEncryption(secret, 'tests')
  const texts = ['', 'whsec_abc', 'ñandú 🐦', 'x'.repeat(10_000)]
  for (const text of texts) {
    const encrypted = encrypt(text, 'me')
    assert.equal(decrypt(encrypted, 'me'), text)
    assert.notEqual(encrypt(text, 'me'), encrypted)
    if (text) assert.ok(!encrypted.includes(text))
  }
})

test('another secret, purpose or owner, or a changed text, opens nothing', () => {
  const encryption = createEncryption(secret, 'tests')
  const encrypted = encryption.encrypt('hello', 'me')
  const middle = encrypted.length >> 1
  const changed = encrypted.slice(0, middle) + (encrypted[middle] === 'A' ? 'B' : 'A') + encrypted.slice(middle + 1)
  assert.throws(() => encryption.decrypt(encrypted, 'you'), DecryptionError)
  assert.throws(() => encryption.decrypt(changed, 'me'), DecryptionError)
  for (const broken of ['', 'v1.', 'v1.AAAA', `v2.${encrypted.slice(3)}`]) {
    assert.throws(() => encryption.decrypt(broken, 'me'), DecryptionError)
  }
  assert.throws(() => createEncryption(`${secret}!`, 'tests').decrypt(encrypted, 'me'), DecryptionError)
  assert.throws(() => createEncryption(secret, 'other').decrypt(encrypted, 'me'), DecryptionError)
})
