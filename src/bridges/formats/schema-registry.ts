/**
 * Shell: asks a Confluent-compatible schema registry for schemas.
 *
 * Two requests of its HTTP interface are all that reading needs. Client libraries decode
 * asynchronously and lose digits of 64-bit integers, so decoding is ours (`avro.ts`, …).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { complaintOf } from './unreadable.js';

export interface RegistrySettings {
  /** Base address, path included; may carry user and password. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** A schema with all that it refers to, what is referred to first. */
export interface SchemaText {
  readonly type: string;
  readonly text: string;
  readonly references: readonly { readonly name: string; readonly text: string }[];
}

/** The registry's own word that it does not have what a schema id leads to. */
export interface UnknownSchema {
  readonly unknown: string;
}

/** Thrown when the registry does not answer now: a reason of the moment. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
}

/** Thrown when it will not answer as it is configured: a reason that holds for every record. */
export class RegistryRefused extends Error {
  override readonly name = 'RegistryRefused';
}

const schemaAnswer = z.object({
  schema: z.string(),
  schemaType: z.string().default('AVRO'),
  references: z
    .array(z.object({ name: z.string(), subject: z.string(), version: z.number().int() }))
    .nullish()
    .transform((references) => references ?? []),
});
const errorAnswer = z.object({ error_code: z.number().int(), message: z.string().optional() });

type Answer = z.infer<typeof schemaAnswer>;

const deadlineMs = 5_000;

/** A node of the registry may not have heard yet of what another has just registered. */
const againAfterMs = 300;

export class SchemaRegistry {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  /** @throws TypeError when `url` is none. */
  constructor({ url, username, password }: RegistrySettings) {
    const address = new URL(url);
    const user = username ?? decodeURIComponent(address.username);
    const secret = password ?? decodeURIComponent(address.password);
    this.#base = `${address.origin}${address.pathname.replace(/\/$/, '')}`;
    this.#headers = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
    if (user !== '') {
      const credentials = Buffer.from(`${user}:${secret}`).toString('base64');
      this.#headers['authorization'] = `Basic ${credentials}`;
    }
  }

  /** @throws RegistryUnavailable; RegistryRefused */
  async schema(id: number): Promise<SchemaText | UnknownSchema> {
    const path = `/schemas/ids/${id}`;
    let answer = await this.#ask(path);
    if (answer === undefined) {
      await sleep(againAfterMs);
      answer = await this.#ask(path);
    }
    if (answer === undefined) return { unknown: `the registry knows no schema ${id}` };
    const references = new Map<string, string>();
    const missing = await this.#collect(answer, references, new Set());
    if (missing !== undefined) return { unknown: `schema ${id} refers to ${missing}` };
    return {
      type: answer.schemaType,
      text: answer.schema,
      references: [...references].map(([name, text]) => ({ name, text })),
    };
  }

  /** Gathers what `of` refers to, depth first; tells what the registry lacks. */
  async #collect(
    of: Answer,
    into: Map<string, string>,
    above: Set<string>,
  ): Promise<string | undefined> {
    for (const { name, subject, version } of of.references) {
      if (into.has(name) || above.has(name)) continue;
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      const answer = await this.#ask(path);
      if (answer === undefined) return `version ${version} of ${subject}, which is not there`;
      const missing = await this.#collect(answer, into, new Set([...above, name]));
      if (missing !== undefined) return missing;
      into.set(name, answer.schema);
    }
    return undefined;
  }

  /** `undefined`: the registry says that it does not have it. */
  async #ask(path: string): Promise<Answer | undefined> {
    let status: number;
    let body: unknown;
    try {
      const signal = AbortSignal.timeout(deadlineMs);
      const answer = await fetch(this.#base + path, { headers: this.#headers, signal });
      status = answer.status;
      body = await answer.json().catch(() => undefined);
    } catch (cause) {
      const why = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
      throw new RegistryUnavailable(
        `schema registry: ${this.#base} does not answer: ${complaintOf(why)}`,
        { cause },
      );
    }
    const place = `schema registry: ${this.#base}${path} answers ${status}`;
    if (status === 401 || status === 403) {
      const remedy = 'check SCHEMA_REGISTRY_USERNAME, SCHEMA_REGISTRY_PASSWORD and their rights';
      throw new RegistryRefused(`${place}: ${remedy}`);
    }
    if (status >= 500 || status === 429 || status === 408) throw new RegistryUnavailable(place);
    if (status === 404 && errorAnswer.safeParse(body).success) return undefined;
    const parsed = schemaAnswer.safeParse(body);
    if (status === 200 && parsed.success) return parsed.data;
    const remedy = 'is this a schema registry, and SCHEMA_REGISTRY_URL right, its path included?';
    throw new RegistryRefused(`${place}, which no schema registry would say: ${remedy}`);
  }
}
