/** URLs as they may be shown: on a screen, in a bug report. Pure. */

const hidden = 'hidden';

/** `url`, without the password that it may carry before its host or, for Postgres, as a parameter. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url === '' ? url : hidden;
  const parsed = new URL(url);
  const asParameter = [...parsed.searchParams.keys()].filter((name) => /password/i.test(name));
  if (parsed.password === '' && asParameter.length === 0) return url;
  if (parsed.password !== '') parsed.password = hidden;
  for (const name of asParameter) parsed.searchParams.set(name, hidden);
  return parsed.href;
}
