import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

const nodeBuiltins = builtinModules.flatMap((name) => [name, `node:${name}`]);
const restricted = '@typescript-eslint/no-restricted-imports';

export default tseslint.config(
  {
    ignores: [
      ...['dist', '.headrace', '.headrace-test', 'node_modules'],
      ...['test/histories', 'test/package-example'],
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'bin/*.js'] },
      },
    },
    plugins: { 'import-x': importX },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'import-x/no-cycle': 'error',
      'no-console': 'error',
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // The sandbox wall: workflows are replayed, so nothing of the world may reach them.
    files: ['src/workflows/**'],
    rules: {
      [restricted]: [
        'error',
        {
          paths: nodeBuiltins.map((name) => ({
            name,
            message: 'Workflows run in a sandbox without Node.',
          })),
          patterns: [
            {
              group: ['**/activities/**'],
              allowTypeImports: true,
              message: 'Import activities as types only.',
            },
            { group: ['**/bridges/**', '**/stack/**'], message: 'Workflows know nothing of it.' },
            {
              regex: '^(?!\\.{1,2}/|@temporalio/(workflow|common)$)',
              allowTypeImports: true,
              message: 'Only @temporalio/workflow runs in the sandbox.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/bridges/**', 'src/activities/**', 'src/commands/**', 'src/stack/**', 'src/*.ts'],
    rules: {
      [restricted]: [
        'error',
        {
          patterns: [
            {
              regex: '/workflows/(?!index\\.js$)',
              message: 'src/workflows/index.ts is the only door.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**', 'bench/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.js'],
    ...tseslint.configs.disableTypeChecked,
  },
);
