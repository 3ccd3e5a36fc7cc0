import { expect, test } from 'vitest';
import { declaredToServer } from './capabilities.ts';
import { type JsonObject, toJson } from './json.ts';

test.each([
  [{ sampling: {}, elicitation: {} }, { elicitation: {} }],
  [{ tasks: { list: {} }, roots: {} }, { roots: {} }],
  [
    { extensions: { 'io.modelcontextprotocol/tasks': {}, 'com.example/own': {} } },
    { extensions: { 'com.example/own': {} } },
  ],
])('of %j a server hears %j', (offered, declared) => {
  expect(declaredToServer(toJson(offered) as JsonObject)).toEqual(declared);
});

test('what holds none of them stays as it is', () => {
  const offered = toJson({ elicitation: { form: {} }, extensions: {} }) as JsonObject;
  expect(declaredToServer(offered)).toBe(offered);
});
