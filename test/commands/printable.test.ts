import { describe, expect, it } from 'vitest';
import { oneLine, printable, readableBytes, readableValue } from '../../src/commands/printable.js';

describe('printable', () => {
  it('nothing in a text acts on the terminal', () => {
    expect(printable('a\u001b[31mred\u0007\r\u202eb\tc\nd')).toBe(
      'a\\u001b[31mred\\u0007\\u000d\\u202eb\tc\nd',
    );
    expect(printable('Grüße 🚰')).toBe('Grüße 🚰');
    expect(printable('\ud800')).toBe('\\ud800');
  });

  it('one line, cut where it is too long', () => {
    expect(oneLine('a\n  b\tc')).toBe('a b c');
    expect(oneLine('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`);
  });

  it('JSON with indents, its numbers as they were sent', () => {
    expect(readableValue(Buffer.from('{"a":12345678901234567890,"b":[1.10]}'))).toBe(
      '{\n  "a": 12345678901234567890,\n  "b": [\n    1.10\n  ]\n}',
    );
  });

  it('other text as it is, no value in words, bytes in hexadecimal', () => {
    expect(readableValue(Buffer.from('not {json'))).toBe('not {json');
    expect(readableValue(null)).toContain('tombstone');
    expect(readableValue(Buffer.from([0xff, 0x41]))).toMatch(/^000000 {2}ff 41 +\.A$/);
    expect(readableValue(Buffer.from([0, 0, 0, 1, 2, 9]))).toContain('schema 258');
    const large = readableValue(Buffer.alloc(5_000));
    expect(large.split('\n')).toHaveLength(1 + 64 + 1);
    expect(large).toContain('3976 more bytes');
  });

  it('keys and headers', () => {
    expect(readableBytes(Buffer.from('k'))).toBe('k');
    expect(readableBytes('text')).toBe('text');
    expect(readableBytes(Buffer.from([1, 255]))).toBe('0x01ff');
    expect(readableBytes(null)).toBe('(none)');
  });
});
