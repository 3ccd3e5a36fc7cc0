/** The protocol revisions the gateway speaks, oldest first. */
export const LEGACY_HTTP = ['2025-06-18', '2025-11-25'] as const;
/** Over stdio every legacy revision is relayed as negotiated. */
export const LEGACY_STDIO = ['2024-11-05', '2025-03-26', ...LEGACY_HTTP] as const;
export const MODERN = '2026-07-28';

export const META_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const META_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const META_CLIENT = 'io.modelcontextprotocol/clientInfo';
export const META_PREFIX = 'io.modelcontextprotocol/';
/** The request for a standing stream that a message belongs to. */
export const META_SUBSCRIPTION = `${META_PREFIX}subscriptionId`;
/** How much a request wants to hear of what its server logs meanwhile; nothing where it is absent. */
export const META_LOG = `${META_PREFIX}logLevel`;
