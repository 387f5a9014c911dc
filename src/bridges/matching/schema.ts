/** The pieces that event schemas are made of, and how their failures read. */
import { z } from 'zod';

/** Business keys come as numbers or text; workflows know them as text. */
export const businessKey = z
  .union([z.string().min(1), z.number().int().nonnegative()])
  .transform(String);

/** Debezium's own default is `precise`, whose base64 nobody can read without its scale. */
const noDecimal =
  'is not a decimal number; if it comes from Debezium, set decimal.handling.mode=string, or let ' +
  'the converter embed its schema';

/** An exact decimal. Never a float inside: Debezium sends text with `decimal.handling.mode=string`. */
export const money = z
  .union([z.string().regex(/^-?\d+(\.\d+)?$/, noDecimal), z.number()], { error: noDecimal })
  .transform(String);

/**
 * Money from a column `numeric(…, scale)`, scale at least 1. Stricter than `money`: base64, which
 * has no point, may by chance be digits only, and would pass for a number.
 */
export function moneyColumn(scale: number): z.ZodType<string> {
  const exact = new RegExp(`^-?\\d+\\.\\d{${scale}}$`);
  return z
    .union([z.string().regex(exact, noDecimal), z.number()], { error: noDecimal })
    .transform(String);
}

/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'is not a currency code');

/** One line that names each field that is wrong. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.length === 0 ? 'value' : path.join('.')}: ${message}`)
    .join('; ');
}
