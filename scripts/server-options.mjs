/**
 * Options of Node for the process that serves. The space for young objects grows to 32 MiB by itself, and the whole
 * process to 310 MiB; with 8 MiB it stays at 215 MiB, and no request is slower for it (docs/performance.md).
 */
export const serverOptions = ['--max-semi-space-size=8']
