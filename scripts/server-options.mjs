/**
 * Options of Node for the process that serves. The space for young objects grows to 32 MiB by itself, and the whole
 * process with it; with 8 MiB it stays below 180 MiB under load, and no request is slower for it (docs/performance.md).
 */
export const serverOptions = ['--max-semi-space-size=8']
