import { launch } from './launch.mjs'
import { serverOptions } from './server-options.mjs'

await launch('server/main.ts', { nodeOptions: serverOptions })
