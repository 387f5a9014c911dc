/** Structured logs. Fields that could carry a secret are cut out, wherever they come from. */
import { type DestinationStream, type Logger, pino } from 'pino';

const secrets = ['password', 'token', 'apiKey', 'authorization', 'sasl', 'cardToken'];

const reopenAfterMs = 5_000;

/**
 * A log that cannot be written, on a full disk, says so once and ends nothing; what it is told is
 * lost until the file can be opened anew. Left open, it would try for ever and never let us end.
 */
function logFile(dest: string | 2): DestinationStream {
  let told = false;
  let reopenAt = 0;
  let file: ReturnType<typeof pino.destination> | undefined;
  const open = (): typeof file => {
    const opened = pino.destination({ dest, mkdir: true, sync: false });
    opened.on('error', (error: Error) => {
      if (file !== opened) return;
      file = undefined;
      reopenAt = Date.now() + reopenAfterMs;
      opened.destroy();
      if (!told) process.stderr.write(`headrace: log: cannot be written: ${error.message}\n`);
      told = true;
    });
    return opened;
  };
  file = open();
  return {
    write: (line) => {
      if (file === undefined && Date.now() >= reopenAt) file = open();
      file?.write(line);
    },
  };
}

/** JSON lines to `destination` (a file, or standard error). */
export function createLog(level: string, destination: string | 2 | DestinationStream): Logger {
  const redact = { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' };
  const stream = typeof destination === 'object' ? destination : logFile(destination);
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
