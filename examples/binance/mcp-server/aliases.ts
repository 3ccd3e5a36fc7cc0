import type { Tool } from './tool.ts';
export const aliasTools: readonly Tool[] = [];
