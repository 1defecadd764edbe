import { launch } from './launch.mjs'

await launch('server/write-docs.ts')
