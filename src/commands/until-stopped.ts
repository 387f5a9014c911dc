/** A terminal and npm may both pass on the same Ctrl-C: what comes this soon is not a second wish. */
const sameWishMs = 1_000;

/** Ctrl-C and SIGTERM, as a promise. Asking again later ends the process at once. */
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
  });
}
