import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

const nodeBuiltins = builtinModules.flatMap((name) => [name, `node:${name}`]);
const restricted = '@typescript-eslint/no-restricted-imports';

/** The walls between the folders, as docs/architecture.md has them; the last that fits a file holds. */
const wall = (files, ...patterns) => ({ files, rules: { [restricted]: ['error', { patterns }] } });

const door = {
  regex: '/workflows/(?!index\\.js$)',
  message: 'src/workflows/index.ts is the only door.',
};
const noWorker = {
  group: ['**/activities/**', '**/stack/**', '**/commands/**'],
  message: 'Bridges know nothing of the worker, the stack and the commands.',
};
const onlyPorts = {
  regex: '^(kafkajs|pg|@temporalio/)|/(intake|temporal)/',
  allowTypeImports: true,
  message: 'The engine reaches Kafka, Temporal and Postgres through its ports.',
};
const onlyMatching = {
  regex: '/bridges/(?!matching/|intake/consumer-cluster)|/(stack|commands)/',
  message: 'Of the bridges, activities know events, topics and how Kafka is read only.',
};
const onlyTopics = {
  regex: '/bridges/(?!intake/topic-creation\\.js$)|/(activities|commands)/',
  message: 'The local stack knows nothing of what runs on it.',
};

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
            {
              group: ['**/bridges/**', '**/stack/**', '**/commands/**'],
              message: 'Workflows know nothing of it.',
            },
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
  wall(['src/commands/**', 'src/*.ts'], door),
  wall(['src/activities/**'], door, onlyMatching),
  wall(['src/stack/**'], door, onlyTopics),
  wall(['src/bridges/**'], door, noWorker),
  wall(['src/bridges/engine/**'], door, noWorker, onlyPorts),
  {
    files: ['test/**', 'bench/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['**/*.js'],
    ...tseslint.configs.disableTypeChecked,
  },
);
