/** What a person sees while the stack is fetched and started: one line per step, with times. */
export type Progress = (line: string) => void;

const reminderMs = 5_000;

/** Runs `step`, telling when it takes long and how long it took. */
export async function timed<T>(
  progress: Progress,
  part: string,
  doing: string,
  step: () => Promise<T>,
): Promise<T> {
  const start = Date.now();
  const seconds = (): string => `${((Date.now() - start) / 1_000).toFixed(1)} s`;
  const line = (text: string): void => {
    progress(`  ${part.padEnd(9)} ${text}`);
  };
  const reminder = setInterval(() => {
    line(`${doing} … ${seconds()}`);
  }, reminderMs);
  try {
    const result = await step();
    line(`${doing}: ${seconds()}`);
    return result;
  } finally {
    clearInterval(reminder);
  }
}
