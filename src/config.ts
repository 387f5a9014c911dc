/**
 * Environment to Config. Every problem is reported at once, at launch, naming the variable; values
 * that may be secret are never repeated.
 */
import { z } from 'zod';

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const port = z.coerce
  .number('is not a port')
  .int('is not a port')
  .min(1, 'is not a port')
  .max(65_535, 'is not a port');
const list = z.string().transform((value) => value.split(',').map((part) => part.trim()));

const environment = z
  .object({
    HEADRACE_DATA: z.string().min(1).default('.headrace'),
    HEADRACE_CACHE: z.string().min(1).default('.headrace/cache'),
    HEADRACE_TASK_QUEUE: z.string().min(1).default('headrace'),
    HEADRACE_GROUP: z.string().min(1).default('headrace-bridge'),
    HEADRACE_OPERATORS: z.email().default('operators@headrace.test'),
    HEADRACE_TIME_ZONE: z.string().min(1).default('Etc/UTC'),
    HEADRACE_WHEN_RECORDS_ARE_GONE: z.enum(['halt', 'continue']).default('halt'),
    HEADRACE_TOPIC_GENERATION: z
      .string()
      .regex(/^\w+$/, 'is not one word of letters and digits')
      .default('0'),
    HEADRACE_HTTP_PORT: z.coerce
      .number('is not a port')
      .int('is not a port')
      .min(0, 'is not a port')
      .max(65_535, 'is not a port')
      .optional(),
    HEADRACE_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
    HEADRACE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    KAFKA_BROKERS: list
      .pipe(z.array(z.string().regex(/^[^\s:]+:\d+$/, 'is not host:port')).min(1))
      .optional(),
    KAFKA_TLS: flag.default(false),
    KAFKA_TLS_CA_FILE: z.string().min(1).optional(),
    KAFKA_SASL_MECHANISM: z.enum(mechanisms).optional(),
    KAFKA_SASL_USERNAME: z.string().min(1).optional(),
    KAFKA_SASL_PASSWORD: z.string().min(1).optional(),
    KAFKA_SASL_TOKEN: z.string().min(1).optional(),
    CONNECT_URL: z.url().optional(),
    SCHEMA_REGISTRY_URL: z.url({ protocol: /^https?$/ }).optional(),
    SCHEMA_REGISTRY_USERNAME: z.string().min(1).optional(),
    SCHEMA_REGISTRY_PASSWORD: z.string().min(1).optional(),
    SMTP_HOST: z.string().min(1).optional(),
    SMTP_PORT: port.default(25),
    SMTP_USERNAME: z.string().min(1).optional(),
    SMTP_PASSWORD: z.string().min(1).optional(),
    NOTICES_FROM: z.email().default('shop@headrace.test'),
    PAYMENT_GATEWAY_URL: z.url().optional(),
    PAYMENT_GATEWAY_TOKEN: z.string().min(1).optional(),
  })
  .superRefine((value, context) => {
    const need = (name: keyof typeof value): void => {
      if (value[name] !== undefined) return;
      const message = `is required when KAFKA_SASL_MECHANISM is ${String(value.KAFKA_SASL_MECHANISM)}`;
      context.addIssue({ code: 'custom', path: [name], message });
    };
    if (value.KAFKA_SASL_MECHANISM === 'oauthbearer') need('KAFKA_SASL_TOKEN');
    else if (value.KAFKA_SASL_MECHANISM !== undefined) {
      need('KAFKA_SASL_USERNAME');
      need('KAFKA_SASL_PASSWORD');
    }
  });

/** The environment, validated; addresses that are absent mean: use the local stack. */
export type Config = z.infer<typeof environment>;

/** Thrown when the configuration cannot be used; the message lists every problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration.
 * @throws ConfigError naming every variable that is wrong. An empty variable counts as absent.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const present = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  const result = environment.safeParse(Object.fromEntries(present));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `  ${issue.path.join('.')}: ${issue.message}`,
  );
  throw new ConfigError(
    `config: ${String(problems.length)} problem(s) in the environment:\n${problems.join('\n')}`,
  );
}
