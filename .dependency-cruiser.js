// Which folder may import which: `npm run lint` checks it, `npm run graph` draws it (.graph/draw.js). Type-only imports
// count, too: they are arrows for a reader.

import { Compiler } from '@swc/core'

// The tool has swc parse all files as TypeScript without JSX; it has no option for that.
const { parseFileSync } = Compiler.prototype
Compiler.prototype.parseFileSync = function (path, options) {
  return parseFileSync.call(this, path, { ...options, tsx: path.endsWith('.tsx') })
}

/**
 * The order of the folders, from top to bottom: what a row names may import what lower rows name, and its own files,
 * never a higher row, nor its neighbours in the same row. `*` stands for the loose files of the folder.
 *
 * @type {Record<string, string[][]>}
 */
export const order = {
  '.': [['cli', 'web'], ['model'], ['eval'], ['data'], ['engine']],
  engine: [
    ['testing'],
    ['*'],
    ['collective'],
    ['runtime'],
    ['lower', 'onnx'],
    ['scan'],
    ['ops'],
    ['graph'],
    ['devices'],
    ['kernel'],
  ],
  'engine/devices': [['ascend', 'gpu', 'reference', 'wasm'], ['shared'], ['*']],
  'engine/devices/gpu': [
    ['index.ts'],
    ['webgl', 'webgpu'],
    ['launch.ts'],
    ['compiler.ts'],
    ['passes'],
    ['*'],
  ],
  'engine/devices/wasm': [
    ['index.ts'],
    ['calibration'],
    ['threads'],
    ['parallel'],
    ['matmul'],
    ['kernels'],
    ['assembly'],
    ['*'],
  ],
  'engine/testing': [['index.ts'], ['operations'], ['conformance'], ['generators'], ['*']],
  model: [
    ['index.ts'],
    ['classification'],
    ['*'],
    ['parallel'],
    ['batchFeed.ts', 'trainStep.ts'],
    ['network.ts'],
    ['saved'],
    ['trainState.ts'],
    ['optimiser.ts'],
    ['classifier.ts'],
    ['cells.ts', 'generative.ts', 'regulariser.ts'],
    ['cellFolder.ts'],
    ['cells', 'checkpoint', 'tensorboard'],
    ['checkArguments.ts', 'settingsError.ts'],
    ['classifierSettings.ts'],
    ['settings.ts'],
    ['settingKinds.ts', 'duration.ts'],
  ],
  data: [['fetch'], ['*'], ['shards'], ['formats'], ['read.ts'], ['io']],
  eval: [['index.ts'], ['report'], ['*'], ['scores']],
  web: [
    ['main.tsx', 'vite.config.ts'],
    ['shell', 'vite'],
    ['views.ts'],
    ['score', 'playground', 'guide'],
    ['offline'],
    ['ui', 'language'],
    ['work', 'standIns'],
  ],
  cli: [['main.ts', 'documents.ts'], ['program.ts'], ['commands'], ['scoreTable'], ['*']],
}

/** Folders that others enter through their doors alone, and the doors. */
const doors = {
  engine: ['index', 'hostRandom', 'testing/index'],
  'engine/collective': ['index'],
  'engine/devices/ascend': ['index', 'options'],
  'engine/devices/gpu': ['index', 'options'],
  'engine/devices/wasm': ['index', 'options'],
  model: ['index'],
  'model/checkpoint': ['index'],
  'model/classification': ['index'],
  'model/parallel': ['index'],
  'model/saved': ['index'],
  'model/tensorboard': ['index'],
  data: ['index', 'fetch/index'],
  'data/fetch': ['index'],
  'data/formats': ['index'],
  'data/shards': ['index'],
  'cli/scoreTable': ['index'],
  eval: ['index', 'scores/index'],
  'eval/scores/memory': ['index'],
  'eval/report': ['index'],
}

/** Where Node, npm or a user comes in: the doors of the package, and what is loaded by its address instead of imported. */
const entrances = `^(${[
  'engine/(index|hostRandom|testing/index)',
  '(model|data|eval)/index',
  'eval/scores/index',
  'model/cells/[^/]+',
  'model/engineResolver',
  'cli/(main|documents)',
  'web/main',
  'web/work/worker',
  'web/language/(worker|declarations\\.d)',
  'web/guide/virtual\\.d',
  'web/standIns/[^/]+',
  'web/offline/serviceWorker',
  'web/vite.config',
  'engine/devices/wasm/threads/worker',
  'engine/devices/gpu/webgpu/adapterInfo',
].join('|')})\\.tsx?$`

/** The pattern of what a row of `order` names. @param {string} folder @param {string} name */
function pattern(folder, name) {
  const inside = folder === '.' ? '' : `${folder}/`
  if (/\.tsx?$/.test(name)) return `^${inside}${name.replace('.', '\\.')}$`
  if (name !== '*') return `^${inside}${name}/`
  const named = order[folder].flat().filter(other => /\.tsx?$/.test(other))
  return `^${inside}(?!(${named.join('|').replaceAll('.', '\\.')})$)[^/]+$`
}

const downwards = Object.entries(order).flatMap(([folder, rows]) =>
  rows.flatMap((row, depth) =>
    row.flatMap(name => {
      const neighbours = row.filter(other => other !== name)
      const refused = [...rows.slice(0, depth).flat(), ...neighbours]
      if (!refused.length) return []
      return {
        name: `down-from-${folder === '.' ? '' : `${folder}/`}${name}`,
        comment: `${folder}: imports point down: ${rows.map(names => names.join(', ')).join(' > ')}`,
        severity: 'error',
        from: { path: pattern(folder, name) },
        to: { path: refused.map(other => pattern(folder, other)) },
      }
    }),
  ),
)

const throughDoors = Object.entries(doors).map(([folder, files]) => ({
  name: `door-of-${folder}`,
  comment: `outsiders import ${folder}/ through ${files.join(' or ')}`,
  severity: 'error',
  from: { path: '^(cli|web|model|data|eval|engine)/', pathNot: `^${folder}/` },
  to: { path: `^${folder}/.*\\.tsx?$`, pathNot: `^${folder}/(${files.join('|')})\\.ts$` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...downwards,
    ...throughDoors,
    {
      name: 'no-cycle',
      comment: 'files that import each other cannot be read one after the other',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'no door of the package leads here: only tests use it, or nobody',
      severity: 'error',
      from: { path: entrances },
      to: { path: '^(cli|web|model|data|eval|engine)/', pathNot: entrances, reachable: false },
    },
    {
      name: 'no-unresolvable',
      comment: 'the imported file or package is not there',
      severity: 'error',
      from: {},
      // Modules that the bundler makes (web/vite).
      to: { couldNotResolve: true, pathNot: '^virtual:' },
    },
    {
      name: 'no-development-package',
      comment: 'users who install the package do not have it',
      severity: 'error',
      from: { path: '^(cli|model|data|eval|engine)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['npm-peer'] },
    },
  ],
  options: {
    // TypeScript 7 has no API that the tool could parse with; swc sees type-only imports as well.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
}
