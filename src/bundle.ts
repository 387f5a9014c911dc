/** Build step: bundles the workflows once, so that a worker starts without doing it. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const workflows = fileURLToPath(new URL('workflows/', import.meta.url));
const bundle = fileURLToPath(new URL('../workflows.bundle.cjs', import.meta.url));
const packages = fileURLToPath(new URL('../../package-lock.json', import.meta.url));

if (newestOf([workflows, packages]) >= newestOf([bundle])) {
  // Loaded only when needed: most starts find the bundle as it was.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: `${workflows}index.js`,
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(bundle, code);
}

/** The latest change of any of these files and folders, in ms; 0 where there is none. */
function newestOf(paths: readonly string[]): number {
  const times = paths.map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return 0;
    if (!found.isDirectory()) return found.mtimeMs;
    return newestOf(readdirSync(path).map((name) => `${path}/${name}`));
  });
  return Math.max(0, ...times);
}
