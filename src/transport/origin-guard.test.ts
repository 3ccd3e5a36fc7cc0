import { describe, expect, test } from 'vitest';
import { originGuard } from './origin-guard.ts';

describe('a listener on loopback', () => {
  const guard = (headers: Parameters<ReturnType<typeof originGuard>>[0]) =>
    originGuard({ listenHost: '127.0.0.1', hosts: [], origins: ['https://APP.example'] })(headers);
  test.each(['127.0.0.1:7420', 'localhost', 'LOCALHOST:1', '[::1]:7420'])('lets in the host %s', (host) => {
    expect(guard({ host })).toBeUndefined();
  });
  test.each([
    undefined,
    '',
    'evil.example',
    '127.0.0.1.evil.example',
    '169.254.169.254',
    'localhost@evil',
    '127.0.0.1:7420:1',
    '0.0.0.0',
  ])('does not let in the host %s', (host) => {
    expect(guard({ host })).toBe('host');
  });
  test('a host that was not let in is not let in when it comes again, nor after one that was', () => {
    const same = originGuard({ listenHost: '127.0.0.1', hosts: [], origins: [] });
    for (const host of ['evil.example', 'evil.example', 'localhost', 'evil.example', 'localhost'])
      expect(same({ host })).toBe(host === 'localhost' ? undefined : 'host');
  });
  test('an empty host is not let in, first or later', () => {
    expect(originGuard({ listenHost: '127.0.0.1', hosts: [], origins: [] })({ host: '' })).toBe('host');
    expect(guard({ host: '' })).toBe('host');
  });
  test.each(['http://localhost:3000', 'http://127.0.0.1', 'https://app.example'])('lets in the origin %s', (origin) => {
    expect(guard({ host: 'localhost', origin })).toBeUndefined();
  });
  test.each([
    'null',
    '',
    'file://',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'https://app.example:444',
    'ftp://localhost',
    'http://localhost/',
    'http://localhost?x',
    'http://[::1',
  ])('does not let in the origin %j', (origin) => {
    expect(guard({ host: 'localhost', origin })).toBe('origin');
  });
});

test('a listener for others lets in the hosts it names, and no local page', () => {
  const guard = originGuard({ listenHost: '0.0.0.0', hosts: ['gate.example'], origins: [] });
  expect(guard({ host: 'gate.example:7420' })).toBeUndefined();
  expect(guard({ host: 'other.example' })).toBe('host');
  expect(guard({ host: 'gate.example', origin: 'http://localhost' })).toBe('origin');
});

test('hosts are named with or without their port, in any case; without names local pages may come', () => {
  const guard = originGuard({ listenHost: '0.0.0.0', hosts: ['Gate.example:7420', 'OTHER.example'], origins: [] });
  for (const host of ['gate.EXAMPLE:7420', 'other.example', 'Other.Example:1']) expect(guard({ host })).toBeUndefined();
  for (const host of ['gate.example', 'gate.example:7421']) expect(guard({ host })).toBe('host');
  const unnamed = originGuard({ listenHost: '0.0.0.0', hosts: [], origins: [] });
  expect(unnamed({ host: 'localhost', origin: 'http://localhost' })).toBeUndefined();
  const loopback = originGuard({ listenHost: '127.0.0.1', hosts: ['gate.example'], origins: [] });
  expect(loopback({ host: 'gate.example', origin: 'http://localhost' })).toBeUndefined();
});
