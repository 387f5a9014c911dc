/**
 * What bridges send to one workflow, as a model: batches cut anywhere, answers that get lost,
 * bridges that are killed and whose last request arrives much later, events that are passed over
 * and come after all, facts that their producer publishes at several places. The marks are held
 * against a memory of every fact.
 */
import { type Event, type Skipped, skippedOf } from '../../src/workflows/index.js';
import { Marks } from '../../src/workflows/marks.js';
import { anEvent } from './records.js';

/** One entry of a source's log. */
export interface Entry {
  /** How far the position moves before this one; 0: it shares the position of the one before. */
  readonly step: number;
  /** Nobody can read it at first. */
  readonly undecided: boolean;
  /** Which of a few facts with ids of their producer's it tells of; absent: one of its own. */
  readonly fact: number | undefined;
}

interface Placed {
  readonly event: Event;
  readonly undecided: boolean;
  /** What no other place has. */
  readonly place: string;
  /** What all places of a fact have. */
  readonly fact: string;
}

interface Request {
  readonly events: readonly Event[];
  readonly skipped: readonly Skipped[];
}

type Item = { readonly event: Event } | { readonly skipped: Skipped };
type Routed = Item & { readonly place: string };

/** One bridge: where it is in each source, and what waits in the workflow's lane. */
interface Bridge {
  readonly cursors: number[];
  readonly lane: Routed[];
}

export class InboxTraffic {
  readonly #logs: readonly (readonly Placed[])[];
  /** Per source: everything below was answered or announced, so a bridge may begin there. */
  readonly #committed: number[];
  readonly #settled = new Set<string>();
  readonly #setAside = new Map<string, Event>();
  readonly #zombies: Request[] = [];
  readonly #seen = new Set<string>();
  #bridge: Bridge;
  #marks = new Marks();
  /** Where the marks and the memory of every fact disagree. */
  readonly violations: string[] = [];

  constructor(logs: readonly (readonly Entry[])[]) {
    this.#logs = logs.map((entries, source) => placed(entries, source));
    this.#committed = logs.map(() => 0);
    this.#bridge = { cursors: [...this.#committed], lane: [] };
  }

  /** One thing happens. */
  step(choice: number): void {
    const roll = choice % 100;
    const pick = Math.floor(choice / 100);
    if (roll < 40) this.#read(pick);
    else if (roll < 70) this.#send(pick);
    else if (roll < 78) this.#arriveLate(pick);
    else if (roll < 90) this.#redrive(pick);
    else if (roll < 95) this.#renew();
    else this.#kill(pick);
  }

  /** Everything is read, sent and redriven until nothing is left. Answers what was never applied. */
  drain(): readonly string[] {
    for (const [source, log] of this.#logs.entries()) {
      log.forEach(() => {
        this.#read(source);
      });
    }
    while (this.#bridge.lane.length > 0) this.#send(0);
    for (const event of this.#setAside.values()) this.#deliver({ events: [event], skipped: [] });
    return this.#logs.flat().flatMap(({ fact, place }) => (this.#seen.has(fact) ? [] : [place]));
  }

  /** The bridge reads on in one source. */
  #read(pick: number): void {
    const source = pick % this.#logs.length;
    const cursor = this.#bridge.cursors[source] ?? 0;
    const entry = this.#logs[source]?.[cursor];
    if (entry === undefined) return;
    this.#bridge.cursors[source] = cursor + 1;
    const { undecided, event, place } = entry;
    if (undecided) {
      this.#setAside.set(place, { ...event, late: 'undecided' });
      this.#settled.add(place);
    } else if (pick % 7 === 3) {
      this.#setAside.set(place, { ...event, late: 'held' });
      this.#bridge.lane.push({ skipped: skippedOf(event), place });
    } else {
      this.#bridge.lane.push({ event, place });
    }
  }

  /** One request of the lane: it is answered, gets lost, or is done while its answer gets lost. */
  #send(pick: number): void {
    const { lane } = this.#bridge;
    const items = lane.slice(0, 1 + (pick % 4));
    const request = requestOf(items);
    const fate = pick % 5;
    if (fate === 1) return;
    this.#deliver(request);
    if (fate === 2) return;
    lane.splice(0, items.length);
    for (const { place } of items) this.#settled.add(place);
  }

  /** The request of a dead bridge arrives, not necessarily for the only time. */
  #arriveLate(pick: number): void {
    const request = this.#zombies[pick % (this.#zombies.length || 1)];
    if (request !== undefined) this.#deliver(request);
  }

  /** What was set aside comes after all, through the lane; also more than once. */
  #redrive(pick: number): void {
    const aside = [...this.#setAside];
    const [place, event] = aside[pick % (aside.length || 1)] ?? [];
    if (place !== undefined && event !== undefined) this.#bridge.lane.push({ event, place });
  }

  #renew(): void {
    const state = JSON.stringify(this.#marks.state());
    this.#marks = new Marks(JSON.parse(state) as ReturnType<Marks['state']>);
  }

  /** The next bridge begins at the commit, or before it. */
  #kill(pick: number): void {
    this.#zombies.push(requestOf(this.#bridge.lane.slice(0, 1 + (pick % 5))));
    for (const [source, log] of this.#logs.entries()) {
      const open = log.findIndex(({ place }) => !this.#settled.has(place));
      this.#committed[source] = open < 0 ? log.length : open;
    }
    const cursors = this.#committed.map((offset) => Math.max(offset - (pick % 3), 0));
    this.#bridge = { cursors, lane: [] };
  }

  #deliver({ events, skipped }: Request): void {
    for (const one of skipped) this.#marks.skip(one);
    for (const event of events) {
      const fact = factOf(event);
      const isNew = !this.#seen.has(fact);
      const foreseen = this.#marks.accepts(event);
      const accepted = this.#marks.accept(event);
      if (accepted !== isNew) {
        const what = `${fact} at ${event.position.at} ${event.late ?? ''}`;
        this.violations.push(`${what}: ${isNew ? 'lost' : 'twice'}`);
      }
      if (accepted !== foreseen) this.violations.push(`${fact}: foreseen differently`);
      if (accepted) this.#seen.add(fact);
    }
  }
}

function requestOf(items: readonly Item[]): Request {
  return {
    events: items.flatMap((item) => ('event' in item ? [item.event] : [])),
    skipped: items.flatMap((item) => ('skipped' in item ? [item.skipped] : [])),
  };
}

function placed(entries: readonly Entry[], number: number): Placed[] {
  const source = `s${String(number)}`;
  let last = 0;
  return entries.map(({ step, undecided, fact }, index) => {
    // Where producers give the ids, a place holds one record.
    last += fact === undefined ? step : Math.max(step, 1);
    const at = String(last).padStart(20, '0');
    const place = `${source}:${String(index)}`;
    const event = { ...anEvent({ id: place, position: { source, at } }), ...ownOf(fact) };
    return { event, undecided, place, fact: factOf(event) };
  });
}

/** Two facts of different types share an id. */
function ownOf(fact: number | undefined): Partial<Event> {
  if (fact === undefined) return {};
  return { id: `f${String(fact >> 1)}`, type: fact % 2 === 0 ? 'even' : 'odd', ownId: true };
}

function factOf({ id, type, ownId }: Event): string {
  return ownId === true ? `${id} ${type}` : id;
}
