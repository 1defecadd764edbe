export * from './channels.ts'
export * from './common.ts'
export * from './messages.ts'
