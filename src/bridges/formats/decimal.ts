/** Exact decimals from the form that Connect, Avro and Protobuf share: unscaled bytes and a scale. */

/** Postgres' `numeric` ends at 131,072 digits before and 16,383 after the point. */
const widest = { bytes: 65_536, scale: 16_383 };

/** Thrown when the pieces of a decimal make none. */
export class NotDecimal extends Error {
  override readonly name = 'NotDecimal';
}

/**
 * `unscaled` × 10^-`scale` in plain notation, all digits of the scale kept: `249.90`.
 * @param unscaled two's complement, the most significant byte first
 * @throws NotDecimal where a database could not have made it.
 */
export function decimalOf(unscaled: Uint8Array, scale: number): string {
  if (unscaled.length === 0) throw new NotDecimal('is a decimal without digits');
  if (unscaled.length > widest.bytes || !(Math.abs(scale) <= widest.scale)) {
    throw new NotDecimal(`is no decimal: ${unscaled.length} bytes with scale ${scale}`);
  }
  if (!Number.isInteger(scale)) throw new NotDecimal(`is no decimal: its scale is ${scale}`);
  const magnitude = BigInt(`0x${Buffer.from(unscaled).toString('hex')}`);
  const bits = BigInt(unscaled.length * 8);
  const number = BigInt.asIntN(Number(bits), magnitude);
  const sign = number < 0n ? '-' : '';
  const digits = (number < 0n ? -number : number).toString();
  if (scale <= 0) return digits === '0' ? '0' : sign + digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** The same from base64, as JSON carries bytes. */
export function decimalOfBase64(text: string, scale: number): string {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new NotDecimal('is a decimal that is not base64');
  }
  return decimalOf(Buffer.from(text, 'base64'), scale);
}
