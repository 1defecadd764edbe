import { globSync, readFileSync } from 'node:fs'

/** A test file; `isAlone`: it is to have a process of its own. */
export interface TestFile { path: string, isAlone: boolean }

/** A line of a file that must not share its process; what follows is why. */
const alone = /^\/\/ Alone: \S/m

/**
 * All, or those whose path holds one of the words. First those alone, then by length, the longest first: no core is to
 * idle at the end.
 */
export function findTestFiles(words: readonly string[]): TestFile[] {
  const wanted = words.map((word) => word.replace(`${process.cwd()}/`, '').replace(/^\.\//, ''))
  return globSync('{contract,server,bench}/**/*.test.ts', { exclude: ['**/node_modules/**'] })
    .filter((path) => wanted.length === 0 || wanted.some((word) => path.includes(word)))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
    .map(({ path, text }, _, { length }) => ({ path, isAlone: length === 1 || alone.test(text), length: text.length }))
    .sort((one, other) => Number(other.isAlone) - Number(one.isAlone) || other.length - one.length)
}
