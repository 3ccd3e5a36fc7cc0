/** `in_cidr`: an IP address inside one of the ranges. An IPv4-mapped IPv6 address counts as its IPv4 address. */
import ipaddr from 'ipaddr.js';
import type { JsonValue } from '../../../domain/json.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown, stringList } from './operator.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

export const inCidr: Operator = {
  names: ['in_cidr'],
  reference: {
    operand: 'a range such as `10.0.0.0/8` or `fd00::/8`, an address, or a list of which one must hold it',
    takes: 'an IP address in its usual spelling',
    meaning: 'the address lies in the range; IPv4-mapped IPv6 counts as IPv4',
  },
  compile(op, operand) {
    const written = stringList(operand);
    if (written === undefined) return { error: `\`${op}\` needs a range, or a list of ranges, as \`value\`` };
    const ranges: (readonly [Address, number])[] = [];
    for (const text of written) {
      const range = parseRange(text);
      if (range === undefined) return { error: `\`${shown(text)}\` is no IP range`, hint: 'write `10.0.0.0/8`' };
      ranges.push(range);
    }
    return {
      holds: `is in ${shown(written.join(' or '))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        const address = parseAddress(seen);
        if (address === undefined) return 'is no IP address';
        return ranges.some(([network, bits]) => network.kind() === address.kind() && matches(address, network, bits));
      },
    };
  },
};

function matches(address: Address, network: Address, bits: number): boolean {
  return address instanceof ipaddr.IPv4
    ? address.match(network as ipaddr.IPv4, bits)
    : address.match(network as ipaddr.IPv6, bits);
}

/** Of the longest spelling, six groups and a mapped IPv4 address: what is longer is padded with zeros. */
const lengthMax = 45;

/** Only the four-part decimal form of IPv4: `127.1`, `0x7f.1` and `010.0.0.1` mean different hosts to different readers. */
function parseAddress(text: string): Address | undefined {
  if (text.includes('%') || text.length > lengthMax) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  const last = text.slice(text.lastIndexOf(':') + 1);
  if (!ipaddr.IPv6.isValid(text) || (last.includes('.') && !ipaddr.IPv4.isValidFourPartDecimal(last))) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

const rangeText = /^([^/]+)(?:\/(0|[1-9][0-9]{0,2}))?$/;

function parseRange(text: string): readonly [Address, number] | undefined {
  const [, addressText = '', bitsText] = rangeText.exec(text) ?? [];
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  const wholeBits = address instanceof ipaddr.IPv4 ? 32 : 128;
  if (bitsText === undefined) return [address, wholeBits];
  const mapped = address instanceof ipaddr.IPv4 && addressText.includes(':');
  const bits = Number(bitsText) - (mapped ? 96 : 0);
  return bits < 0 || bits > wholeBits ? undefined : [address, bits];
}
