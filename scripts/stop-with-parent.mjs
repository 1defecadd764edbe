/** Preloaded by launch.mjs: when the launcher dies without a word (kill -9), stop as if it had passed on a SIGTERM. */
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
