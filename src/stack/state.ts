/** What a running launcher writes down, so that other commands find it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addresses } from '../addresses.js';
import type { Folders } from './folders.js';
import { isAlive } from './lock.js';

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
  readonly addresses: Addresses;
  readonly parts: readonly PartStatus[];
}

function fileOf(folders: Folders): string {
  return join(folders.root, 'state.json');
}

export function writeState(folders: Folders, state: State): Promise<void> {
  return writeFile(fileOf(folders), JSON.stringify(state, undefined, 2));
}

export function removeState(folders: Folders): Promise<void> {
  return rm(fileOf(folders), { force: true });
}

/** The state of a launcher that lives. Undefined when none runs. */
export async function runningState(folders: Folders): Promise<State | undefined> {
  const text = await readFile(fileOf(folders), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as State;
  return isAlive(state.launcher) ? state : undefined;
}
