/** Every text an agent or a person reads exists in English and in Chinese; this is how one of them is chosen. */

export type Language = 'en' | 'zh';

/** Picks the text of the server's language. */
export type Say = (en: string, zh: string) => string;

export function speak(language: Language): Say {
  return language === 'zh' ? (_en, zh) => zh : (en) => en;
}

/**
 * The language asked for, else the locale's, else English.
 * @throws RangeError naming the setting when it is neither `en` nor `zh`.
 */
export function chooseLanguage(env: Readonly<Record<string, string | undefined>>): Language {
  const asked = env['BINANCE_MCP_LANG'];
  if (asked === 'en' || asked === 'zh') return asked;
  if (asked !== undefined && asked !== '') {
    throw new RangeError(`BINANCE_MCP_LANG: \`${asked}\` is not a language of this server; use \`en\` or \`zh\``);
  }
  const locale =
    [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((each) => each !== undefined && each !== '') ?? '';
  return /^zh([_.-]|$)/i.test(locale) ? 'zh' : 'en';
}

/** Lines of `label: value`, the shape in which every tool answers people. Rows whose value is undefined are left out. */
export function lines(
  rows: readonly (readonly [label: string, value: string | number | boolean | undefined])[],
): string {
  return rows
    .filter((row) => row[1] !== undefined)
    .map(([label, value]) => `${label}: ${String(value)}`)
    .join('\n');
}
