/** A bridge held up between fetching and deciding, for as long as a test needs. */
import { createDecoder, type Decoder } from '../../src/bridges/matching/decoder.js';

export interface ShutDecoder extends Decoder {
  letGo(): void;
  /** True once something waits, or has waited. */
  holds(): boolean;
}

/** A decoder with which nothing goes on until it is let go. */
export function shutDecoder(): ShutDecoder {
  let letGo: () => void = () => undefined;
  let waiting: Promise<void> | undefined = new Promise((resolve) => {
    letGo = () => {
      waiting = undefined;
      resolve();
    };
  });
  let asked = false;
  const plain = createDecoder();
  return {
    open: (record) => plain.open(record),
    prepare: () => {
      asked = true;
      return waiting;
    },
    letGo,
    holds: () => asked,
  };
}
