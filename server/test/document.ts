import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Folder of the project, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** A fenced block of a document that a test knows what to do with. */
export interface Block {
  /** What stands in the HTML comment before it, such as `run`, `answer`, `n8n whatsapp-sent`. */
  mark: string
  text: string
  /** Where it begins: `README.md:42`. */
  where: string
}

const markedBlock = /^<!-- (.+?) -->\n```\w+\n([\s\S]*?)^```$/gm

/** A document of the project, by its path. */
export function readDocument(path: string): string {
  return readFileSync(root + path, 'utf8')
}

/** The fenced blocks that follow an HTML comment, in order. */
export function readBlocks(path: string): Block[] {
  const document = readDocument(path)
  return [...document.matchAll(markedBlock)].map(({ index, 1: mark = '', 2: text = '' }) => (
    { mark, text, where: `${path}:${document.slice(0, index).split('\n').length}` }
  ))
}

/** The first block with this mark. */
export function readBlock(path: string, mark: string): string {
  return readBlocks(path).find((block) => block.mark === mark)?.text ?? assert.fail(`${path} has no block "${mark}"`)
}
