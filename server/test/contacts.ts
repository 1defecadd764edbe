import assert from 'node:assert/strict'
import type { ContactDetail } from '@hilo/contract'
import type { Answer, Hilo } from './start-hilo.ts'

/** Creates a contact; the test fails if it is refused. */
export async function createContact(hilo: Hilo, body: object): Promise<ContactDetail> {
  const answer = await hilo.request('POST', '/api/contacts', { body })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body
}

/** Shows a contact; the test fails if there is none. */
export async function showContact(hilo: Hilo, id: string): Promise<ContactDetail> {
  const answer = await hilo.request('GET', `/api/contacts/${id}`)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** Changes a contact; the test fails if it is refused. */
export async function changeContact(hilo: Hilo, id: string, body: object): Promise<ContactDetail> {
  const answer = await hilo.request('PATCH', `/api/contacts/${id}`, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** Asks to merge the second contact into the first. */
export function askMerge(hilo: Hilo, id: string, contactId: string): Promise<Answer> {
  return hilo.request('POST', `/api/contacts/${id}/merge`, { body: { contactId } })
}

/** Asks to take the second contact out of the first again. */
export function askUnmerge(hilo: Hilo, id: string, contactId: string): Promise<Answer> {
  return hilo.request('POST', `/api/contacts/${id}/unmerge`, { body: { contactId } })
}

/** Merges the second contact into the first; the test fails if it is refused. */
export async function mergeContacts(hilo: Hilo, id: string, contactId: string): Promise<ContactDetail> {
  const answer = await askMerge(hilo, id, contactId)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** Takes the second contact out of the first again; the test fails if it is refused. */
export async function unmergeContacts(
  hilo: Hilo, id: string, contactId: string,
): Promise<{ contact: ContactDetail, restoredContact: ContactDetail }> {
  const answer = await askUnmerge(hilo, id, contactId)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}
