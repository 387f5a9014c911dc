/** Structured logs. Fields that could carry a secret are cut out, wherever they come from. */
import { type DestinationStream, type Logger, pino } from 'pino';

const secrets = ['password', 'token', 'apiKey', 'authorization', 'sasl', 'cardToken'];

/** JSON lines to `destination` (a file, or standard error). */
export function createLog(level: string, destination: string | 2 | DestinationStream): Logger {
  const redact = { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' };
  const stream =
    typeof destination === 'object'
      ? destination
      : pino.destination({ dest: destination, mkdir: true, sync: false });
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
