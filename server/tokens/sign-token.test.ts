import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTokenSigner, type Token } from './sign-token.ts'

const signer = createTokenSigner('a secret of at least thirty-two characters')
const whole: Token = {
  organizationId: 'org', apiKeyId: 'key', scopes: ['history:read'], conversationId: 'conversación', expiresAt: 1_700_000_000_000,
}

test('what was signed is read back, in another process with the same secret too', () => {
  const again = createTokenSigner('a secret of at least thirty-two characters')
  for (const token of [whole, { ...whole, conversationId: undefined }]) {
    assert.deepEqual(again.read(signer.sign(token)), JSON.parse(JSON.stringify(token)))
  }
})

test('of a text with any one character changed, added or taken away nothing is read', () => {
  const text = signer.sign(whole)
  for (let at = 0; at < text.length; at++) {
    for (const character of ['A', 'B', '.', '=', '']) {
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      if (changed !== text) assert.equal(signer.read(changed), undefined, changed)
    }
  }
  for (const changed of [`${text}A`, `${text}=`, `${text} `, `x${text}`, text + text, '', 'hilo_token_', 'hilo_token_.']) {
    assert.equal(signer.read(changed), undefined, changed)
  }
})

test('a token of another secret, or whose parts come from two, is not read', () => {
  const other = createTokenSigner('another secret of thirty-two characters').sign(whole)
  assert.equal(signer.read(other), undefined)
  const [payload] = signer.sign({ ...whole, organizationId: 'other' }).split('.')
  const [, signature] = signer.sign(whole).split('.')
  assert.equal(signer.read(`${payload}.${signature}`), undefined)
})
