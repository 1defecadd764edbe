import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/**
 * Imports point one way (docs/ARCHITECTURE.md). `files` may not import what `regex` matches, types apart; a folder
 * belongs to one entry only, as a later entry replaces an earlier one.
 */
const oneWayImports = [
  {
    files: ['contract/**/*.ts'],
    regex: '^(\\.\\./)+(server|sdk|inbox|scripts)/|^@hilo/',
    message: 'contract/ is what everybody else builds on: it imports nothing of theirs.',
  },
  {
    files: ['server/agents/**/*.ts', 'server/channels/**/*.ts'],
    // What parses and refuses but touches no database is open to the doors: extend the list by file name.
    regex: '^(\\.\\./)+(conversations|contacts|messages)/(?!parse-|read-phone-|find-placeholder|ascii-digits|phones-differ|refusal|conversation-key|explain-)',
    message: 'A door writes nothing itself: hand the message to server/ingest.ts.',
  },
]

/** Formatting, as far as it costs nothing to hold. */
const formatting = {
  'comma-dangle': ['error', 'always-multiline'],
  'eol-last': 'error',
  'max-len': ['error', {
    code: 120, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true,
  }],
  'no-multiple-empty-lines': ['error', { max: 1, maxEOF: 0 }],
  'no-trailing-spaces': 'error',
  quotes: ['error', 'single', { avoidEscape: true }],
  semi: ['error', 'never'],
}

const size = {
  'max-lines': ['error', 300],
  'max-lines-per-function': ['error', 60],
  'max-params': ['error', 3],
}

const habits = Object.fromEntries([
  'eqeqeq', 'no-async-promise-executor', 'no-cond-assign', 'no-constant-condition', 'no-dupe-else-if', 'no-duplicate-case',
  'no-empty', 'no-eval', 'no-fallthrough', 'no-loss-of-precision', 'no-self-assign', 'no-self-compare',
  'no-unmodified-loop-condition', 'no-unsafe-finally', 'no-unsafe-optional-chaining', 'no-unused-expressions',
  'no-useless-catch', 'no-useless-escape', 'no-var', 'object-shorthand', 'prefer-const', 'prefer-template',
].map((rule) => [rule, 'error']))

export default defineConfig(
  { ignores: ['**/node_modules/', '**/dist/', '**/coverage/', 'data/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { rules: { ...formatting, ...size, ...habits } },
  { files: ['**/*.{js,mjs}'], rules: { 'no-unused-vars': 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'suite', 'describe'] }],
      }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  ...oneWayImports.map(({ files, regex, message }) => ({
    files,
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex, message, allowTypeImports: true }] }] },
  })),
  { files: ['**/*.test.ts', '**/routes.ts'], rules: { 'max-lines-per-function': 'off' } },
)
