/** Where the parts of the stack answer, whoever started them. All host:port pairs or URLs. */
export interface Addresses {
  readonly kafkaBrokers: readonly string[];
  readonly connectUrl: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Absent when Temporal is used from outside and no UI address is known. */
  readonly temporalUiUrl?: string;
  readonly smtpHost: string;
  readonly smtpPort: number;
  /** The page where sent notices can be read; absent for an outside mail server. */
  readonly mailUrl?: string;
}
