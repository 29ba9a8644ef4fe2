/**
 * Preloaded into every child app (`node --import`): when the parent is gone, however it went, the app is told to stop
 * as an operator would tell it. The apps themselves know nothing of a parent.
 */
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
