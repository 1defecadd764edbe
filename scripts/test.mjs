import { launch } from './launch.mjs'

await launch('scripts/run-tests.ts', { dev: true })
