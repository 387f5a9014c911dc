/** A terminal and npm may both pass on the same Ctrl-C: what comes this soon is not a second wish. */
const sameWishMs = 1_000;
const parentEveryMs = 500;

/**
 * Ctrl-C and SIGTERM, as a promise. Asking again later ends the process at once. Under npm, the end
 * of npm is such a wish too: it does not reach everything that it started.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        first ??= Date.now();
        if (Date.now() - first > sameWishMs) process.exit(1);
        resolve();
      });
    }
    if (process.env['npm_lifecycle_event'] === undefined) return;
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      resolve();
    }, parentEveryMs);
    watch.unref();
  });
}
