/** Who may import whom, and why. Held by `npm run boundaries` and by tools/tidy.test.ts, which breaks each on purpose. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'a knot cannot be read in order; type-only imports count', severity: 'error', from: {}, to: { circular: true } },
    { name: 'domain-imports-nothing', comment: 'the nouns know nobody, not even node:', severity: 'error', from: { path: '^src/domain/', pathNot: '\\.test\\.ts$' }, to: { pathNot: '^src/domain/' } },
    {
      name: 'stages-know-only-the-domain',
      comment: 'stages meet in the pipeline, never in each other',
      severity: 'error',
      from: { path: '^src/stages/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/domain/', '^src/platform/', '^src/stages/$1/'] },
    },
    {
      name: 'policy-is-pure',
      comment: 'a decision reads no clock, store, network or framework; facts come in as arguments',
      severity: 'error',
      from: { path: '^src/stages/policy/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^src/domain/', '^src/stages/policy/', '^node_modules/(re2js|ipaddr\\.js|@marcbachmann/cel-js|ajv|ajv-formats)/'] },
    },
    { name: 'platform-is-below', comment: 'what everything stands on knows only the nouns', severity: 'error', from: { path: '^src/platform/', pathNot: '\\.test\\.ts$' }, to: { path: '^src/', pathNot: ['^src/domain/', '^src/platform/'] } },
    { name: 'storage-is-an-adapter', comment: 'only the composition knows which store is behind a port', severity: 'error', from: { path: '^src/', pathNot: ['^src/(app|storage)/', '\\.test\\.ts$'] }, to: { path: '^src/storage/' } },
    {
      name: 'permits-are-minted-in-one-place',
      comment: 'as a value only the pipeline (mints) and the stages behind it (check) may touch it',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/call/pipeline\\.ts$', '^src/app/call-stages\\.ts$', '\\.test\\.ts$'] },
      to: { path: '^src/domain/permit\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    { name: 'the-sdk-stays-out-of-the-data-path', comment: 'raw JSON-RPC is relayed; the SDK serves tests and examples', severity: 'error', from: { path: '^src/', pathNot: '\\.test\\.ts$' }, to: { path: '(^|/)node_modules/@modelcontextprotocol/|^@modelcontextprotocol/' } },
    { name: 'only-entry-points-compose', comment: 'parts are wired in app, started from cli', severity: 'error', from: { path: '^src/', pathNot: ['^src/(app|cli)/', '^src/main\\.ts$', '\\.test\\.ts$'] }, to: { path: '^src/(app|cli)/' } },
    { name: 'examples-are-outsiders', comment: 'they prove something only if they cannot reach inside', severity: 'error', from: { path: '^examples/' }, to: { path: '^(src|test|tools|bench)/' } },
    { name: 'nobody-imports-examples', comment: 'the demo starts them as processes', severity: 'error', from: { path: '^src/' }, to: { path: '^examples/' } },
    { name: 'production-does-not-import-tests', comment: 'what ships must not need what does not', severity: 'error', from: { path: '^src/', pathNot: '\\.test\\.ts$' }, to: { path: '(\\.test\\.ts$|^test/|^tools/|^bench/)' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^dist/|/dist/examples/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
};
