/** The tools that are known when a policy is checked or explained: a file in the form of the catalogue. */
import * as z from 'zod';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { type JsonValue, toJson } from '../domain/json.ts';
import { CATEGORIES, SEVERITIES, type ToolFacts } from '../domain/policy.ts';
import { readYaml } from '../platform/yaml-document.ts';

export interface KnownTool extends ToolFacts {
  readonly inputSchema?: JsonValue;
}

/** Other keys are let be: the file belongs to the catalogue. */
const catalogueFile = z.looseObject({
  servers: z.record(
    z.string(),
    z.looseObject({
      tools: z.record(
        z.string(),
        z.looseObject({
          category: z.enum(CATEGORIES).optional(),
          severity: z.enum(SEVERITIES).optional(),
          reviewed: z.boolean().optional(),
          inputSchema: z.looseObject({}).optional(),
        }),
      ),
    }),
  ),
});

export function readKnownTools(
  file: string,
  text: string,
): { readonly tools: readonly KnownTool[] } | { readonly errors: readonly Diagnostic[] } {
  const read = readYaml(file, text, catalogueFile);
  if ('errors' in read) return read;
  const tools: KnownTool[] = [];
  for (const [server, { tools: offered }] of Object.entries(read.value.servers)) {
    for (const [name, { category, severity, reviewed, inputSchema }] of Object.entries(offered)) {
      tools.push({
        server,
        name,
        ...(category === undefined ? {} : { category }),
        ...(severity === undefined ? {} : { severity }),
        ...(reviewed === undefined ? {} : { reviewed }),
        ...(inputSchema === undefined ? {} : { inputSchema: toJson(inputSchema) }),
      });
    }
  }
  return { tools };
}

/** A tool's facts by server and name. */
export function knownTool(tools: readonly KnownTool[], server: string, name: string): KnownTool | undefined {
  return tools.find((tool) => tool.server === server && tool.name === name);
}
