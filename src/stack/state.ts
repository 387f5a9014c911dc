/** What a running launcher writes down, so that other commands find it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addresses } from '../addresses.js';
import type { Folders } from './folders.js';
import { stillRuns } from './mark.js';
import { writePrivately } from './private-file.js';
import { shownUrl } from './shown-url.js';

export const partNames = ['postgres', 'kafka', 'connect', 'temporal', 'mail'] as const;
export type PartName = (typeof partNames)[number];

export interface PartStatus {
  readonly name: PartName;
  /** False for a part that is used from outside. */
  readonly own: boolean;
  readonly address: string;
  readonly pid?: number;
  readonly log?: string;
}

export interface State {
  readonly launcher: number;
  /** Tells the launcher from a process that got its number later. */
  readonly born?: string;
  readonly addresses: Addresses;
  readonly parts: readonly PartStatus[];
}

function fileOf(folders: Folders): string {
  return join(folders.root, 'state.json');
}

/** Writes the state, as a whole and for this user alone: addresses may carry a password. */
export function writeState(folders: Folders, state: State): Promise<void> {
  return writePrivately(fileOf(folders), JSON.stringify(state, undefined, 2));
}

/** The state as it may be shown: passwords are hidden. */
export function shownState(state: State): State {
  const { addresses } = state;
  const databaseUrl = shownUrl(addresses.databaseUrl);
  return {
    ...state,
    addresses: { ...addresses, databaseUrl, connectUrl: shownUrl(addresses.connectUrl) },
  };
}

export function removeState(folders: Folders): Promise<void> {
  return rm(fileOf(folders), { force: true });
}

/** The state of a launcher that lives. Undefined when none runs. */
export async function runningState(folders: Folders): Promise<State | undefined> {
  const text = await readFile(fileOf(folders), 'utf8').catch(() => undefined);
  const state = text === undefined ? undefined : parsed(text);
  if (state === undefined) return undefined;
  return stillRuns({ pid: state.launcher, born: state.born ?? '' }) ? state : undefined;
}

function parsed(text: string): State | undefined {
  try {
    return JSON.parse(text) as State;
  } catch {
    // A full disk can cut any file short; a launcher that runs has written a whole one.
    return undefined;
  }
}
