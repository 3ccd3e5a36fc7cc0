import { isJsonObject, type JsonObject } from './json.ts';

/**
 * What a client offers as a server may hear of it. Sampling is left out until policy can allow it, and tasks because
 * their results are fetched by methods that are not relayed. The same object where it offers neither.
 */
export function declaredToServer(offered: JsonObject): JsonObject {
  const { extensions } = offered;
  const hasTasks = isJsonObject(extensions) && TASKS in extensions;
  if (!hasTasks && !('sampling' in offered) && !('tasks' in offered)) return offered;
  const declared = without(offered, ['sampling', 'tasks']);
  return hasTasks ? { ...declared, extensions: without(extensions, [TASKS]) } : declared;
}

export function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

const TASKS = 'io.modelcontextprotocol/tasks';
