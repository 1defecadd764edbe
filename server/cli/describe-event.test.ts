import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '@hilo/contract'
import { describeEvent } from './describe-event.ts'

function describeMessage(name: string | null, text: string): string {
  const data = { messageId: 'm1', conversationId: 'c1', message: { author: { kind: 'customer', name }, text }, conversation: null }
  const event = { type: 'message.created', seq: 7, timestamp: '2026-11-22T16:40:11.302Z', data } as unknown as Event
  return describeEvent(event).split('conversation c1  ')[1]!
}

test('nothing that a customer writes reaches the terminal as a command', () => {
  assert.equal(describeMessage(null, 'a\u001b[2Jb\u0007\u009b31mc\u007f'), 'customer: a�[2Jb��31mc�')
  assert.equal(describeMessage('\u001b]0;x\u0007Ana\n\u202e', 'gnp.\u2066exe'), '�]0;x�Ana �: gnp.�exe')
})

test('line breaks become spaces, other signs stay as they are', () => {
  assert.equal(describeMessage('José', 'Olá,\r\n\ttudo\u00a0bem? 👩‍👩‍👧 سلام'), 'José: Olá, tudo bem? 👩‍👩‍👧 سلام')
})
