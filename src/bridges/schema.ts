/** The pieces that event schemas are made of, and how their failures read. */
import { z } from 'zod';

/** Business keys come as numbers or text; workflows know them as text. */
export const businessKey = z
  .union([z.string().min(1), z.number().int().nonnegative()])
  .transform(String);

/** An exact decimal. Never a float inside: Debezium sends text with `decimal.handling.mode=string`. */
export const money = z
  .union([z.string().regex(/^-?\d+(\.\d+)?$/, 'is not a decimal number'), z.number()])
  .transform(String);

/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'is not a currency code');

/** One line that names each field that is wrong. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.length === 0 ? 'value' : path.join('.')}: ${message}`)
    .join('; ');
}
