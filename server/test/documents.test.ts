import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { settingsTable } from '../config-docs.ts'
import { readBlocks, readDocument, root } from './document.ts'

const documents = [
  'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md',
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md')).map((name) => join('docs', name)).sort(),
]

/** What a reader sees as text: without code, where brackets mean something else. */
function withoutCode(document: string): string {
  return document.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
}

/** The fragments of a document's headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
  return [...document.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => (
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
  ))
}

function isBroken(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? document : normalize(join(dirname(document), path))
  if (!existsSync(root + target)) return true
  return anchor !== undefined && !anchorsOf(readDocument(target)).includes(anchor)
}

for (const document of documents) {
  test(`every link of ${document} leads somewhere`, () => {
    const links = [...withoutCode(readDocument(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    assert.deepEqual(links.filter((link) => !link.startsWith('https://') && isBroken(document, link)), [])
  })

  test(`every file that ${document} names exists`, () => {
    const named = readDocument(document).matchAll(/(?<![\w/])(?:server|contract|scripts|bench|docs)\/[\w./-]*[\w/]/g)
    // What comes after a brace, or a number that is still free, is an example.
    const paths = [...named].filter(({ 0: path, index, input }) => (
      !/^\{/.test(input.slice(index + path.length)) && !/\/000[2-9]_|server\/channels/.test(path)
    )).map(([path]) => path)
    assert.deepEqual(paths.filter((path) => !existsSync(root + path)), [])
  })
}

/** The paths of a tree drawn with lines; a folder's name ends in a slash. */
function readTree(tree: string): string[] {
  const open: string[] = []
  return tree.trimEnd().split('\n').slice(1).map((line) => {
    const [, lines = '', name = ''] = /^((?:│ {2}| {3})*)[├└]─ (\S+)/.exec(line) ?? assert.fail(`no line of a tree: ${line}`)
    open.length = lines.length / 3
    open.push(name)
    return open.join('')
  })
}

test('the tree of docs/ARCHITECTURE.md shows what is there, and every folder of the server', () => {
  const { text } = readBlocks('docs/ARCHITECTURE.md').find(({ mark }) => mark === 'tree')!
  const shown = readTree(text)
  const folders = readdirSync(`${root}server`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map(({ name }) => `server/${name}/`)

  assert.deepEqual(shown.filter((path) => !existsSync(root + path)), [])
  assert.deepEqual(folders.filter((folder) => !shown.includes(folder)), [])
})

test('the settings of README.md are those of server/config.ts; "npm run docs" writes them', () => {
  const [, table] = /<!-- settings -->\n([\s\S]*?)<!-- \/settings -->/.exec(readDocument('README.md')) ?? []
  assert.equal(table?.trim(), settingsTable().trim())
})

/** Who writes in the commands of a document, and under which ids. */
function readCallers(document: string): string[] {
  const shell = readBlocks(document).filter(({ mark }) => /\brun$/.test(mark)).map(({ text }) => text).join('')
  return [...shell.matchAll(/"(externalId|visitorId)": "(.+?)"/g)].map(([, key, value = '']) => (
    `${key} ${key === 'visitorId' ? value.replace(/\D/g, '') : value}`
  ))
}

test('README.md and the guides about answers can be followed on one Hilo: each asks as another customer', () => {
  const callers = ['README.md', 'docs/guides/connect-a-model.md', 'docs/guides/answer-asynchronously.md']
    .flatMap((document) => [...new Set(readCallers(document))])
  assert.ok(callers.length >= 6)
  assert.deepEqual(callers.filter((caller, index) => callers.indexOf(caller) !== index), [])
})
