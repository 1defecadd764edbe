import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWhatsAppAddress } from '../server/contacts/parse-whatsapp-address.ts'
import { conversationOf, customerOf, textOf } from './workload.ts'

const conversations = Array.from({ length: 5000 }, (_, index) => index)

test('every customer has a phone that Hilo takes, and one of their own', () => {
  const addresses = conversations.map((conversation) => {
    const { phone } = customerOf(conversation)
    const parsed = parseWhatsAppAddress(phone, { defaultCountry: undefined })
    assert.ok(parsed.ok && parsed.kind === 'phone', phone)
    return parsed.value
  })
  assert.equal(new Set(addresses).size, conversations.length)
})

test('the messages reach every conversation of the workload and no other', () => {
  const workload = { tenants: [], conversations: 100, firstConversation: 700 }
  const reached = new Set(conversations.map((n) => conversationOf(n, workload)))
  assert.deepEqual([...reached].sort(), Array.from({ length: 100 }, (_, index) => 700 + index))
})

test('no two messages have the same text', () => {
  assert.equal(new Set(conversations.map(textOf)).size, conversations.length)
})
