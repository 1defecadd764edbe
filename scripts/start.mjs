import { launch } from './launch.mjs'

await launch('server/main.ts')
