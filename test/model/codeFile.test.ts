import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { randomKey, tensor } from '../../engine/index.js'
import { batchLoss, findCell, initialModel } from '../../model/index.js'

// Files of the user's own: what `xenograd` is in them, and what is said of those that cannot be run.

const folder = mkdtempSync(join(tmpdir(), 'xenograd-code-'))
const stripsTypes = 'typescript' in process.features && process.features.typescript !== false

/** Writes a file, and what it needs beside it. */
function file(name: string, code: string): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, code)
  return path
}

const cellWith = (imports: string, product: string, type = '') => `
${imports}
export const mine = defineCell({
  name: 'mine',
  parameters: ({ input, hidden }) => ({ w: [input, hidden], u: [hidden, hidden] }),
  carry: ['h'],
  step: (p, { h }, x${type}) => {
    const next = ${product}.tanh()
    return { carry: { h: next }, out: next }
  },
})
export default mine
`
const imports = "import { defineCell } from 'xenograd'\nimport { product } from './product.mjs'"
file(
  'product.mjs',
  "import { concat } from 'xenograd'\nexport const product = (x, h, p) => concat([x, h], 1).matmul(concat([p.w, p.u]))\n",
)

async function lossOf(path: string): Promise<number> {
  const options = { cell: await findCell(path), hidden: 3 }
  const reads = tensor([[0, 1, 2, 3]], { dtype: 'int32' })
  return batchLoss(options, initialModel(options, randomKey(1)), reads).loss.item()
}

test('a cell file, and what it imports, have the engine that loads it, where no package is', async t => {
  const helped = await lossOf(file('helped.mjs', cellWith(imports, 'product(x, h, p)')))
  const alone = cellWith("import { defineCell } from 'xenograd'", 'x.matmul(p.w).add(h.matmul(p.u))')
  t.ok(Math.abs(helped - (await lossOf(file('alone.mjs', alone)))) < 1e-6, `loss ${helped}`)
  const twice = await findCell(join(folder, 'alone.mjs'))
  t.equal(twice.name, 'mine', 'a file may be asked for again, and export its cell by two names')
  t.end()
})

test('cells in TypeScript', async t => {
  const types = "import { defineCell, type Tensor } from 'xenograd'"
  const path = file('typed.ts', cellWith(types, 'x.matmul(p.w).add(h.matmul(p.u))', ': Tensor'))
  if (stripsTypes) {
    t.ok(Number.isFinite(await lossOf(path)), 'run where Node strips types')
    await says(t, file('enum.ts', '\nenum Kind { a }\n'), /enum\.ts line 2: .*enum is not supported/)
  } else await says(t, path, /typed\.ts: Node \S+ runs no TypeScript; use Node 22\.18 or later, or compile/)
  t.end()
})

async function says(t: test.Test, path: string, wanted: RegExp): Promise<void> {
  const message = await findCell(path).then(
    () => 'it runs',
    (error: Error) => error.message,
  )
  t.match(message, wanted, path.slice(folder.length + 1))
}

test('what is wrong with a file is said with its line, and what to do', async t => {
  file('commonjs/package.json', '{ "type": "commonjs" }')
  const cases: Readonly<Record<string, readonly [code: string, wanted: RegExp]>> = {
    'syntax.mjs': [
      'export const a = 1\nconst b = = 2\n',
      /syntax\.mjs line 2: SyntaxError: Unexpected token '='/,
    ],
    'imports.mjs': ["import './syntax.mjs'\n", /imports\.mjs, in a file that it imports: SyntaxError/],
    'commonjs/import.js': [
      "import { defineCell } from 'xenograd'\n",
      /import\.js line 1: .*outside a module; Node takes the file for CommonJS: name it import\.mjs, or write "type": "module"/,
    ],
    'commonjs/export.js': ['export const a = 1\n', /export\.js line 1: .*takes the file for CommonJS/],
    'require.mjs': [
      "\nconst { tensor } = require('xenograd')\n",
      /require\.mjs line 2: .*takes the file for an ES module: write import and export, or name it require\.cjs/,
    ],
    'name.mjs': [
      "\n\nimport { nosuch } from 'xenograd'\n",
      /name\.mjs line 3: .*'xenograd' does not provide .*nosuch/,
    ],
    'package.mjs': [
      "import 'no-such-package'\n",
      /package\.mjs: .*; run npm install no-such-package in the folder/,
    ],
    'throws.mjs': ["\n\nthrow new Error('boom')\n", /throws\.mjs line 3: boom$/],
    'text.mjs': ["throw 'boom'\n", /text\.mjs: it throws boom$/],
    'none.mjs': [
      "export const a = { name: 'x', step() {} }\n",
      /exports 0 cells \('a' has no parameters, no carry\)/,
    ],
  }
  for (const [name, [code, wanted]] of Object.entries(cases)) await says(t, file(name, code), wanted)
  await says(t, join(folder, 'missing.mjs'), /missing\.mjs: there is no such file/)
  t.end()
})
