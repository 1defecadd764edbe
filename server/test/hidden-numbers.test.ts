import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readBlocks } from './document.ts'
import { fillNode } from './n8n.ts'
import { record, type Said } from './query-agent.ts'
import { readRows } from './rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from './start-hilo.ts'

const number = '5491155550000'
const userId = 'AR.24491208655302741918'

/** What WhatsApp hands over of a message, by what it shows of its sender. */
function hand(shown: { from?: string, from_user_id?: string }, id: string) {
  const said = { ...shown, id, timestamp: '1772460090', type: 'text', text: { body: 'Hola' } }
  const contact = { profile: { name: 'Luz' }, wa_id: shown.from, user_id: shown.from_user_id }
  return {
    'whatsapp-received': { contacts: [contact], messages: [said] },
    'whatsapp-message': { contacts: [contact], messages: said },
    'whatsapp-sent': { contacts: [{ input: shown.from, ...contact }], messages: [{ id: `${id}.answer` }] },
  }
}

const guides = ['record-from-n8n', 'connect-a-model', 'answer-asynchronously'].map((name) => `docs/guides/${name}.md`)

const recipes = ['README.md', ...guides].flatMap((path) => (
  readBlocks(path).flatMap(({ mark, text, where }) => {
    const form = mark.split(' ')[1] as keyof ReturnType<typeof hand>
    return form in hand({}, '') ? [{ text, where, form }] : []
  })
))

/** Records what a recipe makes of it; recipes for lists make a list of one. */
async function recordBy(
  hilo: Hilo, { text, form }: Pick<(typeof recipes)[number], 'text' | 'form'>, handed: ReturnType<typeof hand>,
): Promise<void> {
  const body = fillNode(text, handed[form], hilo) as { messages?: Said[] }
  await record(hilo, body.messages?.[0] ?? { ...body })
}

for (const database of databases) {
  describe(`customers who hide their number on ${database}`, skipWithout(database), () => {
    for (const recipe of recipes) {
      test(`who begins to, stays in one conversation by the body for n8n at ${recipe.where}`, async (t) => {
        const hilo = await startHilo(t, database)
        const shown = [{ from: number }, { from: number, from_user_id: userId }, { from_user_id: userId }]
        for (const [index, sender] of shown.entries()) {
          await recordBy(hilo, recipe, hand(sender, `wamid.${index}`))
        }
        assert.equal((await readRows(hilo, 'conversations')).length, 1)
        const [contact, ...others] = await readRows(hilo, 'contacts')
        assert.deepEqual(others, [])
        if (recipe.text.includes('firstName')) assert.equal(contact!.first_name, 'Luz')
      })
    }

    test('who always did has one conversation by these bodies, and a name', async (t) => {
      const hilo = await startHilo(t, database)
      for (const recipe of recipes) {
        await recordBy(hilo, recipe, hand({ from_user_id: userId }, `wamid.${recipe.form}`))
      }
      assert.equal((await readRows(hilo, 'conversations')).length, 1)
      assert.deepEqual((await readRows(hilo, 'contacts')).map((contact) => contact.first_name), ['Luz'])
    })
  })
}
