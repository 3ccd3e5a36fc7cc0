import { expect, test } from 'vitest';
import { type JsonObject, toJson } from '../domain/json.ts';
import { listsAsked, listsIn, withChangingLists } from './changing-lists.ts';

test('lists that a server has are said to change, and what else it offers stays', () => {
  const offered = toJson({ tools: {}, resources: { subscribe: true, listChanged: false }, logging: {} }) as JsonObject;
  expect(withChangingLists(offered)).toEqual({
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    logging: {},
  });
  expect(listsIn(offered)).toEqual(['tools', 'resources']);
  expect(listsIn(undefined)).toEqual([]);
});

test('a standing stream hears of the lists it asked for', () => {
  const filter = toJson({ promptsListChanged: true, toolsListChanged: 'yes', resourcesListChanged: false });
  expect(listsAsked(filter)).toEqual(['prompts']);
  expect(listsAsked(undefined)).toEqual([]);
});
