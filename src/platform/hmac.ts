import { hash } from 'node:crypto';

const BLOCK = 64;

/**
 * HMAC-SHA-256 (RFC 2104) under one key, as base64url. Made of two one-shot hashes, because `createHmac` spends most of
 * a short message's time on setting the key up. The key is at most one block of ASCII, so that its padded forms are
 * ASCII too and a message needs no copy.
 */
export function hmacSha256(key: string): (message: string) => string {
  if (key.length > BLOCK || /[^\x20-\x7e]/.test(key))
    throw new TypeError('the key must be at most 64 ASCII characters');
  const bytes = Buffer.alloc(BLOCK);
  bytes.write(key, 'latin1');
  const inner = Buffer.from(bytes.map((byte) => byte ^ 0x36)).toString('latin1');
  const outer = Buffer.alloc(BLOCK + 32);
  bytes.forEach((byte, i) => {
    outer[i] = byte ^ 0x5c;
  });
  return (message) => {
    outer.write(hash('sha256', inner + message, 'binary'), BLOCK, 'latin1');
    return hash('sha256', outer, 'base64url');
  };
}
