import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import test from 'tape'
import { installTarball } from './tarball.js'

const folder = installTarball()

test('the engine bundles for browsers, without modules of Node', async t => {
  for (const door of ['xenograd', 'xenograd/random']) {
    const { metafile, warnings } = await build({
      stdin: { contents: `export * from '${door}'`, resolveDir: folder },
      outfile: join(folder, `${door.replace('/', '-')}.mjs`),
      bundle: true,
      platform: 'browser',
      format: 'esm',
      metafile: true,
      logLevel: 'silent',
    })
    const imports = Object.values(metafile.outputs).flatMap(output => output.imports.map(({ path }) => path))
    t.deepEqual([warnings, imports], [[], []], `${door}: nothing is missing, and nothing is loaded beside it`)
  }
})

/** The bytes, compressed, of what a program needs from the start: it, and what it imports otherwise than on demand. */
async function startingBytes(contents: string): Promise<number> {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    outdir: join(folder, 'bundle'),
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
  })
  const entry = Object.keys(metafile.outputs).find(path => metafile.outputs[path].entryPoint === '<stdin>')!
  const needed = new Set([entry])
  for (const path of needed)
    for (const { kind, path: other, external } of metafile.outputs[path].imports)
      if (kind === 'import-statement' && !external) needed.add(other)
  const chunks = outputFiles.filter(({ path }) => [...needed].some(name => path.endsWith(basename(name))))
  return gzipSync(Buffer.concat(chunks.map(chunk => chunk.contents))).length
}

test('a bundle has what it uses: one that only scores is small', async t => {
  /** By what is imported, the most kB. The engine's operations are methods of its tensors, so it stays whole. */
  const most: Readonly<Record<string, number>> = {
    "import { Scorer } from 'xenograd/model'; console.log(Scorer)": 70,
    "import { DetectorScores, loadDetector } from 'xenograd/model'; console.log(DetectorScores, loadDetector)": 105,
    "import { auroc } from 'xenograd/eval'; console.log(auroc)": 3,
    "import { readReads } from 'xenograd/data'; console.log(readReads)": 10,
  }
  for (const [contents, limit] of Object.entries(most)) {
    const kilobytes = (await startingBytes(contents)) / 1000
    t.ok(kilobytes < limit, `${contents.split(';')[0]}: ${kilobytes.toFixed(0)} kB`)
  }
})

test('a bundle scores as the package does', async t => {
  writeFileSync(
    join(folder, 'scoring.mjs'),
    `import { concat, defineCell, openDevice, randomKey } from 'xenograd'
     import { initialModel, Scorer } from 'xenograd/model'
     const cell = defineCell({
       name: 'plain',
       parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
       carry: ['h'],
       step: ({ kernel }, { h }, x) => {
         const next = concat([x, h], 1).matmul(kernel).tanh()
         return { carry: { h: next }, out: next }
       },
     })
     await openDevice('wasm', { threads: 1 })
     const options = { cell, hidden: 3 }
     const scorer = new Scorer(options, initialModel(options, randomKey(1)), 2)
     console.log((await scorer.score([Uint8Array.of(0, 1, 2, 3, 0)])).map(({ mean }) => mean).join())
     scorer.dispose()`,
  )
  const inPackage = spawnSync(process.execPath, ['scoring.mjs'], { cwd: folder, encoding: 'utf8' })
  await build({
    entryPoints: [join(folder, 'scoring.mjs')],
    outfile: join(folder, 'bundled.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  })
  const bundled = spawnSync(process.execPath, ['bundled.mjs'], { cwd: folder, encoding: 'utf8' })
  t.match(inPackage.stdout, /^-1\.\d+$/m, inPackage.stderr)
  t.equal(bundled.stdout, inPackage.stdout, bundled.stderr)
})

test('the worker of the device wasm bundles, too', async t => {
  const { metafile } = await build({
    entryPoints: [join(folder, 'node_modules/xenograd/dist/engine/devices/wasm/threads/worker.js')],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    platform: 'browser',
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
  })
  t.deepEqual(
    Object.values(metafile.outputs).flatMap(output => output.imports),
    [],
  )
})

test('the bundle computes where there is no process', t => {
  writeFileSync(
    join(folder, 'page.mjs'),
    `delete globalThis.process
     const { compile, gradients, openDevice, tensor } = await import('./xenograd.mjs')
     const step = compile(x => ({ y: x.square().sum(), g: gradients(x.square().sum(), x) }))
     const { y, g } = step(tensor([1, 2, 3]))
     console.log((await openDevice('wasm')).description, await y.item(), ...(await g.data()))
     await (await openDevice('ascend')).close()`,
  )
  const { stdout, stderr } = spawnSync(process.execPath, ['page.mjs'], { cwd: folder, encoding: 'utf8' })
  t.match(stdout, /^WebAssembly SIMD, .*, 1 thread, .* 14 2 4 6$/m)
  t.match(stderr, /device 'ascend'/, 'what needs Node says so')
  t.end()
})
