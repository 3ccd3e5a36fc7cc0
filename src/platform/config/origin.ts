/** The origin a text means: without path, without the port its scheme has anyway. Undefined where it means none. */
export function originMeant(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s*]+\/?$/i.test(text) || !URL.canParse(text)) return undefined;
  const { origin } = new URL(text);
  // Of schemes a browser does not fetch by (extensions, editors) URL knows no origin: they are their scheme and host.
  return origin === 'null' ? text.toLowerCase().replace(/\/$/, '') : origin;
}
