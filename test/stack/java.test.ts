import { expect, test } from 'vitest';
import { artifacts, pom } from '../../src/stack/java.js';

test('the project that fetches the jars names each artifact with its version', () => {
  const xml = pom(artifacts);
  for (const artifact of artifacts) {
    const [, name, version] = artifact.split(':');
    expect(xml).toContain(
      `<artifactId>${name ?? ''}</artifactId><version>${version ?? ''}</version>`,
    );
  }
});
