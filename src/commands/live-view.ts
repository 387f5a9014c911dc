/** What a person sees of a running Headrace: where to look, what is routed, what has happened. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Addresses } from '../addresses.js';
import { shopRoutes } from '../bridges/routes.js';
import type { Config } from '../config.js';
import { cut, type StatusBoard } from '../status-board.js';

const redrawEveryMs = 1_000;
const printEveryMs = 10_000;
/** Of a terminal that does not tell its size, and of a pipe. */
const usual = { columns: 140, rows: 24 };

export interface LiveView {
  readonly board: StatusBoard;
  readonly places: readonly string[];
  /** Lines that come and stay, below the board. */
  readonly below: () => readonly string[];
  /** Print the board now and then instead of redrawing it. */
  readonly plain: boolean;
  readonly signal: AbortSignal;
}

/** Shows the board until `signal` aborts. */
export async function showLive(view: LiveView): Promise<void> {
  const redraw = process.stdout.isTTY && !view.plain;
  let last = '';
  if (redraw) process.stdout.write('\u001b[2J');
  for (;;) {
    const wait = redraw ? redrawEveryMs : printEveryMs;
    await sleep(wait, undefined, { signal: view.signal }).catch(() => undefined);
    if (view.signal.aborted) return;
    await view.board.refresh();
    const lines = redraw ? screen(view) : plainLines(view);
    const text = lines.join('\n');
    if (text === last) continue;
    // Each line overwrites the one before it, then what was below goes: no flicker.
    const over = lines.map((line) => `${line}\u001b[K\n`).join('');
    process.stdout.write(redraw ? `\u001b[H${over}\u001b[J` : `${text}\n`);
    last = text;
  }
}

/** Where to look, one line each. */
export function placesOf(
  config: Config,
  addresses: Addresses,
  { gateway, monitoring }: { readonly gateway: string; readonly monitoring: string | undefined },
): string[] {
  return [
    `runs in Temporal       ${addresses.temporalUiUrl ?? 'at your Temporal server'}`,
    `notices sent           ${addresses.mailUrl ?? 'at your mail server'}`,
    `payment gateway        ${gateway}`,
    ...(monitoring === undefined
      ? []
      : [`metrics and health     ${monitoring}/metrics, /healthz, /readyz`]),
    `logs                   ${join(config.HEADRACE_DATA, 'logs')}`,
  ];
}

/** What is said once, when everything runs. */
export function welcome(places: readonly string[]): string[] {
  const routes = shopRoutes({ dayMs: 1 }).map(
    ({ kind, action }) => `  ${kind.type.padEnd(22)} ${action}`,
  );
  return [
    '',
    'Headrace runs. Where to look:',
    ...places.map((line) => `  ${line}`),
    'What is routed:',
    ...routes,
    'Ctrl-C drains and stops.',
    '',
  ];
}

/** All of it in the terminal's size, the board taking what the rest leaves. */
function screen({ board, places, below }: LiveView): string[] {
  // A terminal that has no size yet says 0.
  const columns = process.stdout.columns || usual.columns;
  const rows = process.stdout.rows || usual.rows;
  const head = [...places, ''].map((line) => cut(line, columns));
  const foot = below().map((line) => cut(line, columns));
  // The cursor stands on a line of its own.
  const left = rows - head.length - foot.length - 1;
  return [...head, ...board.render({ columns, rows: left }), ...foot].slice(0, rows - 1);
}

function plainLines({ board, below }: LiveView): string[] {
  return [...board.render(usual), ...below(), ''];
}
