import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { command, scratch, shell, xenograd } from './support.js'
import { dataFlags } from './trainingData.js'

test('--blas: where it is of no use, or cannot be used, is an error', async t => {
  const [elsewhere, missing, scoring] = await Promise.all([
    xenograd(['check', '--device', 'reference', '--blas', 'auto']),
    xenograd(['check', '--device', 'wasm', '--blas', '/nowhere/libblas.so']),
    xenograd(['score', '--device', 'reference', '--blas', 'off', '-m', 'none']),
  ])
  t.equal(elsewhere.code, 2)
  t.match(
    elsewhere.stderr,
    /--blas auto: a flag of the device wasm, but reference is to compute; leave it out, or use --device wasm/,
  )
  t.equal(scoring.code, 2)
  t.equal(missing.code, 1)
  t.match(missing.stdout, /^FAIL {2}wasm +opens +BLAS '\/nowhere\/libblas.so': /)
})

test('--blas: the check says what multiplies', async t => {
  const [on, off] = await Promise.all([
    xenograd(['check', '--device', 'wasm', '--blas', 'on']),
    xenograd(['check', '--device', 'wasm', '--blas', 'off']),
  ])
  t.match(off.stdout, /opens .*, BLAS off$/m)
  t.doesNotMatch(off.stdout, /now WebAssembly/)
  t.equal(on.code, 0, on.stdout)
  const [opened] = on.stdout.split('\n')
  if (/no BLAS/.test(opened)) {
    t.match(
      opened,
      /no BLAS: (koffi is not installed: npm install koffi|none (found \(looked for|is known)|.*slower)/,
    )
    t.comment(`skipped: ${opened}; apt-get install libopenblas0-pthread`)
  } else t.match(on.stdout, /multiplies .*BLAS/)
})

/** A cache folder, and a way to run `xenograd` with it. */
function withCache() {
  const folder = scratch()
  return {
    file: join(folder, 'xenograd/blas.json'),
    run: (args: string) => shell(`XDG_CACHE_HOME='${folder}' ${command} ${args}`),
  }
}

/** Have every calibration of a file say that BLAS takes so many times as long. */
function rewrite(file: string, times: number): void {
  const entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>)
  const kinds = (calibration: object) =>
    Object.fromEntries(Object.keys(calibration).map(kind => [kind, { webAssembly: 1, blas: times }]))
  writeFileSync(file, JSON.stringify(Object.fromEntries(entries.map(([key, value]) => [key, kinds(value)]))))
}

test('check --calibration: what --blas auto has measured is shown, and cleared', async t => {
  const { file, run } = withCache()
  const empty = await run('check --calibration show')
  t.equal(empty.stdout, `calibrations\t${file}\n`)
  const opened = await run('check --device wasm --blas auto')
  t.equal(opened.code, 0, opened.stdout)
  if (!existsSync(file)) return t.comment(`skipped: ${opened.stdout}; apt-get install libopenblas0-pthread`)
  const shown = await run('check --calibration show')
  t.match(
    shown.stdout,
    /^xenograd .*, node .* cores, .*\n\tsmall\tWebAssembly [\d.]+ µs\tBLAS [\d.]+ µs\n\tmedium/m,
  )
  const cleared = await run('check --calibration clear')
  t.equal(cleared.stdout, `cleared\t${file}\n`)
  t.notOk(existsSync(file))
  t.equal((await run('check --calibration maybe')).code, 2)
})

test('--blas auto: a run that goes on keeps the choice that it began with', async t => {
  const { file, run } = withCache()
  await run('check --device wasm --blas auto')
  if (!existsSync(file)) return t.comment('skipped: no BLAS library; apt-get install libopenblas0-pthread')
  const folder = scratch()
  const sizes = '--hidden_lstm_size=4 --batch_size=2 --seq_len=10 --val_freq=1000'
  const flags = `${(await dataFlags(folder)).join(' ')} --out_dir='${folder}/out' ${sizes}`
  const train = (steps: number, more = '') => run(`train ${flags} --num_steps=${steps} ${more}`)
  rewrite(file, 0.5)
  const first = await train(2)
  t.equal(first.code, 0, first.stderr)
  t.match(first.stderr, /, BLAS \/.* for large products$/m)
  rewrite(file, 2)
  const second = await train(4)
  t.match(second.stderr, /, BLAS \/.* for large products$/m, 'as it began')
  t.doesNotMatch(second.stderr, /^ *device was wasm/m)
  const [name] = readdirSync(join(folder, 'out'))
  t.match(
    readFileSync(join(folder, 'out', name, 'run.txt'), 'utf8'),
    /^chosen here: {"blas":"auto:small,medium,large,sums"}$/m,
  )
  const off = await train(6, '--blas off')
  t.match(off.stderr, /device was wasm: .*BLAS \/.*, is now .*BLAS off$/m, 'what is asked for goes first')
  const fresh = await train(2, '--fresh')
  t.match(fresh.stderr, /, no BLAS: WebAssembly is as fast as \/.* here$/m)
})
