/**
 * A venue as plain data and back. Every object is written once, in a list, and elsewhere as its place in the list, so
 * that orders, accounts and trades may point at each other as they like. Books are not written but rebuilt from the
 * resting orders in order of priority; markets are written by name, because the new venue has its own.
 */

import type { Market, Order, Venue } from '../engine/state.ts';
import { createVenue } from '../engine/venue.ts';

const SNAPSHOT_VERSION = 2;

/** A plain value, or the object at a place in the list, or by name the venue or one of its markets. */
type Value = string | number | bigint | boolean | null | { readonly at: number | string };
/** An object of one kind. */
interface Node {
  readonly list?: readonly Value[];
  readonly set?: readonly Value[];
  readonly map?: readonly (readonly [string | number | bigint, Value])[];
  readonly fields?: Readonly<Record<string, Value>>;
}

/** The first node is the venue itself. */
export type VenueData = Readonly<Record<'version' | 'seed' | 'origin', number>> & { readonly nodes: readonly Node[] };
const allMarkets = (venue: Venue): Market[] => [...venue.futures.values(), ...venue.spot.values()];
const nameOf = ({ spec }: Market): string => `${spec.kind}:${spec.symbol}`;
const namesOf = (venue: Venue): [string, object][] => {
  return [['venue', venue], ...allMarkets(venue).map((market): [string, object] => [nameOf(market), market])];
};

export function toData(venue: Venue): VenueData {
  const { futures: _futures, spot: _spot, touched: _touched, emit: _emit, ...state } = venue;
  const names = new Map<unknown, string>(namesOf(venue).map(([name, object]) => [object, name]));
  const places = new Map<object, number>();
  const found: object[] = [];
  const written = (value: unknown): Value => {
    if (typeof value !== 'object' || value === null) return value as Value;
    const name = names.get(value);
    if (name !== undefined) return { at: name };
    const known = places.get(value);
    if (known !== undefined) return { at: known };
    places.set(value, found.length);
    return { at: found.push(value) - 1 };
  };
  written({ ...state, markets: allMarkets(venue).map(marketState) });
  const nodes: Node[] = [];
  // `found` grows as its objects are written.
  for (const object of found) nodes.push(toNode(object, written));
  return { version: SNAPSHOT_VERSION, seed: venue.seed, origin: venue.origin, nodes };
}

function toNode(object: object, written: (value: unknown) => Value): Node {
  if (Array.isArray(object)) return { list: object.map(written) };
  if (object instanceof Set) return { set: Array.from(object, written) };
  if (object instanceof Map)
    return { map: Array.from(object as Map<string, unknown>, ([key, value]) => [key, written(value)]) };
  const fields: Record<string, Value> = {};
  for (const [name, value] of Object.entries(object)) if (!OF_THE_MOMENT.has(name)) fields[name] = written(value);
  if ('level' in object) fields['rests'] = object.level !== null;
  return { fields };
}

/** Places in the book, which is rebuilt, and counts of the present minute. */
const OF_THE_MOMENT = new Set(['level', 'previous', 'next', 'orderCounts']);

function marketState(market: Market): object {
  const { venue, house } = market;
  const { spec: _spec, rules: _rules, path: _path, book: _book, house: _house, venue: _venue, ...state } = market;
  const { fair, bids, asks } = house;
  // What was taken from the house this second stays taken.
  return { name: nameOf(market), ...state, quotes: house.second === venue.second ? { fair, bids, asks } : null };
}

/** The inverse of `toData`. Throws when the data is of another version or points at what is not there. */
export function fromData({ version, seed, origin, nodes }: VenueData): Venue {
  if (version !== SNAPSHOT_VERSION)
    throw new Error(
      `snapshot version ${String(version)} cannot be read; this exchange reads version ${SNAPSHOT_VERSION}`,
    );
  const venue = createVenue({ seed, origin });
  const names = new Map<string, unknown>(namesOf(venue));
  const objects = nodes.map(({ list, set, map }): object => (list ? [] : set ? new Set() : map ? new Map() : {}));
  const read = (value: Value): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const object = typeof value.at === 'string' ? names.get(value.at) : objects[value.at];
    if (object === undefined) throw new Error(`the snapshot points at ${value.at}, which is not in it`);
    return object;
  };
  const resting: Order[] = [];
  nodes.forEach((node, place) => fill(objects[place] ?? {}, node, read, resting));
  const { markets, ...state } = objects[0] as Venue & { markets: (Market & { name: string; quotes: object | null })[] };
  Object.assign(venue, state);
  for (const { name, quotes, ...market } of markets) {
    const found = read({ at: name }) as Market;
    Object.assign(found, market);
    if (quotes !== null) Object.assign(found.house, { second: venue.second, ...quotes });
  }
  resting.sort((a, b) => a.priority - b.priority);
  for (const order of resting) order.market.book.add(order);
  return venue;
}

/** Fills an empty object from its node; notes orders that rested. */
function fill(object: object, node: Node, read: (value: Value) => unknown, resting: Order[]): void {
  const { list = [], set = [], map = [], fields: { rests, ...fields } = {} } = node;
  for (const item of list) (object as unknown[]).push(read(item));
  for (const item of set) (object as Set<unknown>).add(read(item));
  for (const [key, item] of map) (object as Map<unknown, unknown>).set(key, read(item));
  for (const [name, value] of Object.entries(fields)) (object as Record<string, unknown>)[name] = read(value);
  if ('byClientId' in fields) Object.assign(object, { orderCounts: new Map() });
  if (rests !== undefined) Object.assign(object, { level: null, previous: null, next: null });
  if (rests === true) resting.push(object as Order);
}

/**
 * JSON that keeps bigints: 123n is written as "#123", and a text that starts with # gets another one in front, so that
 * no client id can pass for a number.
 */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item === 'bigint') return `#${item}`;
    return typeof item === 'string' && item.startsWith('#') ? `#${item}` : item;
  });
}

export function decode(text: string): unknown {
  return JSON.parse(text, (_name, item: unknown) => {
    if (typeof item !== 'string' || !item.startsWith('#')) return item;
    return /^#-?\d+$/.test(item) ? BigInt(item.slice(1)) : item.slice(1);
  }) as unknown;
}
