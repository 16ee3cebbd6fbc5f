import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'tape'
import * as engine from '../../engine/index.js'
import { batchLoss, findCell, initialModel } from '../../model/index.js'
import { installTarball } from './tarball.js'

// Two copies of the engine in one program: a command that is installed globally, and a cell file's own package.

test('a tensor of another copy of the engine is named as such', async t => {
  const path = join(installTarball(), 'node_modules/xenograd/dist/engine/index.js')
  const other: typeof engine = await import(pathToFileURL(path).href)
  const [own, foreign] = [engine, other].map(({ tensor }) => tensor([[1, 2]]))
  const uses: Readonly<Record<string, () => unknown>> = {
    add: () => own.add(foreign),
    matmul: () => own.matmul(foreign),
    concat: () => engine.concat([own, foreign]),
    h: () => engine.entries({ h: foreign }),
    tree: () => engine.compile((x: engine.Tensor) => x)(foreign),
    gradients: () => engine.gradients(foreign, own),
    where: () => engine.where(own, foreign, 1),
    scatterAdd: () => engine.scatterAdd(foreign, own, 1),
  }
  for (const [caller, use] of Object.entries(uses))
    t.throws(
      use,
      new RegExp(`^TypeError: ${caller}: this tensor was made by another copy of xenograd;`),
      caller,
    )
  t.end()
})

test('a cell file beside a copy of its own has the engine of the command that loads it', async t => {
  const folder = installTarball()
  const file = join(folder, 'mine.js')
  writeFileSync(
    file,
    `import { concat, defineCell } from 'xenograd'
     import 'xenograd/random'
     export const mine = defineCell({
       name: 'mine',
       parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
       carry: ['h'],
       step: ({ kernel }, { h }, x) => {
         const next = concat([x, h], 1).matmul(kernel).tanh()
         return { carry: { h: next }, out: next }
       },
     })`,
  )
  const options = { cell: await findCell(file), hidden: 2 }
  const { loss } = batchLoss(
    options,
    initialModel(options, engine.randomKey(1)),
    engine.tensor([[0, 1, 2]], { dtype: 'int32' }),
  )
  t.ok(Number.isFinite(await loss.item()), 'its tensors are ours')
  t.end()
})
