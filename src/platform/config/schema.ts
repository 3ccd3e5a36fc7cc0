import * as z from 'zod';
import { durationMs } from '../duration.ts';
import { strictObject, withHint } from '../yaml-document.ts';

/** `sallyport.yaml` as it is written. Unknown keys are errors with a suggestion. */

const endpoint = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+):[0-9]{1,5}$/, 'write host:port, for example `127.0.0.1:7420`');
const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = typeof value === 'number' ? value * 1_000 : durationMs(value);
  if (ms !== undefined && Number.isFinite(ms) && ms > 0) return ms;
  context.addIssue({
    code: 'custom',
    message: withHint('no length of time', 'write seconds as a number, or 500ms, 60s, 5m, 24h, 90d'),
  });
  return z.NEVER;
});
const bytes = z.number().int().min(1_024).max(1_073_741_824);
const count = z.number().int().min(1).max(1_000_000);

export const SERVER_ID = /^[a-z0-9-]{1,40}$/;
const id = z.string().regex(SERVER_ID, 'an id has 1 to 40 of a-z, 0-9 and -');

const grantName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a grant name has 1 to 64 letters, digits, `.`, `_` or `-`');

const server = strictObject({
  command: z.string().min(1).optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
  url: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  timeout: duration.optional(),
});

const policy = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const grant = strictObject({
  token: z.string().min(1).optional(),
  servers: z.array(z.string()).min(1),
  policy: policy.optional(),
  agent: z.string().min(1).optional(),
  groups: z.array(z.string().min(1)).optional(),
});

export const configSchema = strictObject({
  version: z.literal('1', withHint('the version must be "1", in quotes', 'write version: "1"')),
  listen: endpoint.optional(),
  admin: endpoint.optional(),
  hosts: z.array(z.string().min(1)).optional(),
  origins: z.array(z.string().min(1)).optional(),
  data: z.string().min(1).optional(),
  storage: z.string().min(1).optional(),
  limits: z.string().min(1).optional(),
  servers: z.record(id, server).optional(),
  grants: z.record(grantName, grant).optional(),
  policy: policy.optional(),
  audit: strictObject({
    arguments: z.enum(['digest', 'full']).optional(),
    keep: duration.optional(),
  }).optional(),
  bounds: strictObject({
    body: bytes.optional(),
    header: bytes.max(1_048_576).optional(),
    response: bytes.optional(),
    unread: bytes.optional(),
    idle: duration.optional(),
    sessions: count.optional(),
    streams: count.optional(),
    calls: count.optional(),
    children: count.max(10_000).optional(),
  }).optional(),
});

export type ConfigFile = z.output<typeof configSchema>;
