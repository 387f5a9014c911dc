/** Held records as an operator reads them. Pure; what is inside a record shows only in `storyText`. */
import Table from 'cli-table3';
import type { HeldGroup, HeldStory, RedriveProgress } from '../bridges/holding/held-admin.js';
import { rejectionReasons } from '../bridges/matching/rejection.js';
import { oneLine, printable, readableBytes, readableValue } from './printable.js';

/** Rows without a line between them. */
const unruled = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

function table(head: string[], rows: (string | number)[][], colors: boolean): string {
  const style = colors ? { head: ['bold'] } : { head: [], border: [] };
  const made = new Table({ head, style, chars: unruled });
  made.push(...rows);
  return made.toString();
}

/** Groups by state, reason and route. */
export function groupTable(groups: readonly HeldGroup[], nowMs: number, colors: boolean): string {
  const head = ['state', 'reason', 'route', 'records', 'queues', 'oldest', 'since'];
  const rows = groups.map(({ state, reason, route, count, queues, oldest, oldestMs }) => [
    ...[state, oneLine(reason), oneLine(route), count, queues],
    ...[oneLine(oldest, 120), ago(nowMs - oldestMs)],
  ]);
  return table(head, rows, colors);
}

/** Records one by one, without what is in them. */
export function recordTable(stories: readonly HeldStory[], colors: boolean): string {
  const head = ['record', 'state', 'reason', 'route', 'for', 'tried', 'behind'];
  const rows = stories.map((story) => [
    ...[placeOf(story), story.state, oneLine(story.reason), oneLine(story.route, 40)],
    ...[destinationOf(story), story.attempts, story.behind],
  ]);
  return table(head, rows, colors);
}

/** What waits for a workflow, the soonest deadline first. */
export function waitingTable(
  stories: readonly HeldStory[],
  nowMs: number,
  colors: boolean,
): string {
  const head = ['record', 'route', 'waits for', 'dead letter in', 'tried', 'next', 'behind'];
  const rows = stories.map((story) => [
    ...[placeOf(story), oneLine(story.route, 40), destinationOf(story)],
    story.deadlineMs === undefined ? 'never' : until(story.deadlineMs - nowMs),
    ...[story.attempts, until((story.nextTryMs ?? nowMs) - nowMs), story.behind],
  ]);
  return table(head, rows, colors);
}

/** Everything about one held record, its content included. */
export function storyText(story: HeldStory): string {
  const { group, reason, detail, record, behind, blocks, deadlineMs, attempts, event } = story;
  const known: Partial<Record<string, { cause: string; remedy: string }>> = rejectionReasons;
  const about = known[reason];
  const lines: [string, string][] = [
    ['state', story.ended ?? story.state],
    ['reason', printable(reason)],
    ...(about === undefined ? [] : ([['cause', about.cause]] as [string, string][])),
    ['detail', indent(printable(detail))],
    ...(about === undefined ? [] : ([['remedy', about.remedy]] as [string, string][])),
    ['for', destinationOf(story, 200)],
    ...(event === undefined ? [] : ([['event', oneLine(event.id, 200)]] as [string, string][])),
    ['queue', `${oneLine(story.queue, 200)}: ${waitWords(blocks, behind)}`],
    ['tried', `${String(attempts)} times again`],
    ...(deadlineMs === undefined ? [] : ([['deadline', timeOf(deadlineMs)]] as [string, string][])),
    ['group', group === '' ? 'none has claimed it yet' : oneLine(group)],
    ['written', timeOf(Number(record.timestamp))],
    ['generation', oneLine(record.generation)],
    ['key', readableBytes(record.key)],
  ];
  const headers = Object.entries(record.headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map(
      (one) => `    ${oneLine(name)}: ${readableBytes(one)}`,
    ),
  );
  return [
    `${placeOf(story)} under ${printable(story.route)}`,
    ...lines.map(([name, text]) => `  ${name.padEnd(10)} ${text}`),
    ...(headers.length === 0 ? [] : ['  headers', ...headers]),
    `  value, ${String(record.value?.length ?? 0)} bytes`,
    ...readableValue(record.value)
      .split('\n')
      .map((line) => `    ${line}`),
    '  history',
    ...story.history.map(
      ({ at, what, detail: why }) =>
        `    ${at}  ${what}${why === undefined ? '' : `: ${oneLine(why, 200)}`}`,
    ),
  ].join('\n');
}

/** A story as plain data, for `--json`. */
export function storyJson(story: HeldStory): object {
  const { record, ...rest } = story;
  return { ...rest, timestamp: record.timestamp, key: record.key?.toString('base64') ?? null };
}

/** How a redrive stands, in one line. */
export function progressLine(progress: RedriveProgress): string {
  const { open, redriven, deadAgain, waiting, ended } = progress;
  const parts = [
    `${String(redriven)} redriven`,
    `${String(deadAgain)} dead again`,
    ...(waiting === 0 ? [] : [`${String(waiting)} waiting for their workflow`]),
    ...(ended === 0 ? [] : [`${String(ended)} ended in another way`]),
    `${String(open)} to go`,
  ];
  return parts.join(', ');
}

/** A length of time in one or two units. */
export function span(ms: number): string {
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  if (first === -1) return '0s';
  let rest = ms;
  return units
    .slice(first, first + 2)
    .map(([name, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count === 0 ? '' : `${String(count)}${name}`;
    })
    .join(' ')
    .trim();
}

function ago(ms: number): string {
  return `${span(ms)} ago`;
}

function until(ms: number): string {
  return ms <= 0 ? 'now' : span(ms);
}

function placeOf({ topic, partition, offset }: HeldStory): string {
  return `${topic}/${String(partition)}/${offset}`;
}

function destinationOf({ event, queue }: HeldStory, length = 60): string {
  return event === undefined
    ? `(key) ${oneLine(queue, length)}`
    : oneLine(event.workflowId, length);
}

function waitWords(blocks: boolean, behind: number): string {
  return blocks ? `the later ones wait for it, ${String(behind)} so far` : 'the later ones go on';
}

function indent(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat(13)}`);
}

function timeOf(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? 'unknown' : time.toISOString();
}
