import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
