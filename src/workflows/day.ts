/**
 * Calendar days of a time zone as ranges of instants. Pure.
 *
 * A day begins at the first minute that bears its date: at 01:00 where a clock change skips
 * midnight, and the day has 23, 24 or 25 hours as the zone wants. Days tile: the end of one is the
 * beginning of the next, by construction, so no event falls between two nights.
 */

const minute = 60_000;
/** No zone is further from UTC than 14 hours. */
const furthest = 15 * 60;

/** The day before the day that holds `nowMs`, in `zone` (IANA name). Milliseconds since the epoch. */
export function yesterday(zone: string, nowMs: number): { fromMs: number; toMs: number } {
  const today = dateIn(zone)(nowMs);
  const before = new Date(Date.parse(`${today}T00:00:00Z`) - 24 * 60 * minute);
  return {
    fromMs: startOfDay(zone, before.toISOString().slice(0, 10)),
    toMs: startOfDay(zone, today),
  };
}

/** The instant at which `date` (`2026-03-29`) begins in `zone`. */
export function startOfDay(zone: string, date: string): number {
  const dateOf = dateIn(zone);
  const utcMidnight = Date.parse(`${date}T00:00:00Z`);
  // Invariant: at `low` minutes the date has not come, at `high` it has.
  let low = -furthest;
  let high = furthest;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dateOf(utcMidnight + middle * minute) >= date) high = middle;
    else low = middle;
  }
  return utcMidnight + high * minute;
}

/** Dates as text that compares like time: `2026-03-29`. @throws RangeError for an unknown zone. */
function dateIn(zone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (ms) => {
    const parts = format.formatToParts(ms);
    const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
    return `${part('year')}-${part('month')}-${part('day')}`;
  };
}
