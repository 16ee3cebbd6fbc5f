import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { command, rowsOf, scratch, shell, tinyModel, xenograd } from './support.js'

/** A model file after a change of its metadata; the values of all tensors may be replaced by one. */
async function changedModel(
  folder: string,
  metadata: Readonly<Record<string, string>>,
  value?: number,
): Promise<string> {
  const file = readFileSync(await tinyModel(folder))
  const headerEnd = 8 + Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.subarray(8, headerEnd).toString())
  Object.assign(header.__metadata__, metadata)
  const json = Buffer.from(JSON.stringify(header))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(json.length))
  const data = Buffer.from(file.subarray(headerEnd))
  const [begin] = header['cell.kernel'].data_offsets
  if (value !== undefined) data.writeFloatLE(value, begin + 8)
  const path = join(folder, 'changed.safetensors')
  writeFileSync(path, Buffer.concat([size, json, data]))
  return path
}

test('a model does not run code: its cell is looked up by its name, and given by the user alone', async t => {
  const folder = scratch()
  const marker = join(folder, 'ran')
  const evil = join(folder, 'evil.mjs')
  const gru = new URL('../../model/cells/gru.js', import.meta.url).href
  writeFileSync(
    evil,
    `import { writeFileSync } from 'node:fs'\nimport { gru } from '${gru}'\nwriteFileSync('${marker}', '')\nexport const cell = gru\n`,
  )
  const model = await changedModel(folder, { cell: evil })
  const runs = [
    ['score', '-m', model],
    ['info', model],
    ['convert', model, join(folder, 'out.safetensors')],
    ['evaluate', '-m', model, '--in', model, '--ood', model],
  ]
  for (const args of runs) {
    const { code, stderr } = await xenograd(args, '>a\nACGT\n')
    t.equal(code, 1, args[0])
    t.match(stderr, /changed\.safetensors: its metadata has cell '.*evil\.mjs', which is no name of a cell/)
  }
  t.notOk(existsSync(marker), 'the file that the model names did not run')

  const unknown = await changedModel(folder, { cell: 'mine' })
  t.match(
    (await xenograd(['score', '-m', unknown], '>a\nACGT\n')).stderr,
    /a model of the cell 'mine', which does not come with Xenograd \(.*lstm.* do\); if it is one of your own, give the \.js or \.ts file that exports it as --cell/,
  )
  t.match(
    (await xenograd(['score', '-m', unknown, '--cell', evil], '>a\nACGT\n')).stderr,
    /a model of the cell 'mine', but --cell gives the cell 'gru'/,
  )
  t.ok(existsSync(marker), 'what the command line names does run')
  const own = await changedModel(folder, { cell: 'gru' })
  for (const args of [
    ['info', own],
    ['convert', own, join(folder, 'out.safetensors')],
  ])
    t.match(
      (await xenograd([...args, '--cell', evil])).stderr,
      /variable cell\.\w+ .*is missing/,
      'with a cell of ones own',
    )
})

test('devices are not looked for in the working directory', async t => {
  const folder = scratch()
  for (const name of ['gpu.js', 'webgpu', 'koffi']) {
    const home = join(folder, 'node_modules', name)
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), `{"name": "${name}", "version": "9.0.0", "main": "index.js"}`)
    writeFileSync(join(home, 'index.js'), `require('fs').writeFileSync('${folder}/ran-${name}', '')\n`)
  }
  await shell(`cd '${folder}' && XENOGRAD_GPU_PACKAGES= ${command} check`)
  t.deepEqual(readdirSync(folder), ['node_modules'], 'no package there ran')
})

test('what names and files have in them reaches the terminal escaped, and tables replaced', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  // A file that begins with control characters is taken for no text at all.
  const first = `>first\n${'ACGT'.repeat(70)}\n`
  const scored = await xenograd(['score', '-m', model], `${first}>a\x1b[2J\0b genus=\u202eX\nACGT\n`)
  t.equal(scored.code, 0)
  t.deepEqual(
    rowsOf(scored.stdout).map(([name]) => name),
    ['first', 'a\ufffd[2J\ufffdb'],
  )
  t.match(scored.stderr, /the names of 1 reads have control characters/)

  const damaged = await xenograd(['score', '-m', model], `${first}>a\x1b[2J\nAC\x1b]0;x\x07GT\n`)
  t.equal(damaged.code, 3)
  t.match(damaged.stderr, /line 4: byte 0x1b in the sequence, column 3 \(read a\ufffd\[2J\)/)

  const odd = join(folder, 'odd\x1b[31m\n.fa')
  const missing = await xenograd(['score', '-m', model, odd])
  t.equal(missing.code, 3)
  t.ok(missing.stderr.includes('odd\\x1b[31m\\n.fa: no such file'), missing.stderr)

  const info = await xenograd(['info', await changedModel(folder, { note: 'x\x1b[2J\nfake\trow' })])
  t.match(info.stdout, /^note\tx\\x1b\[2J\\nfake\\trow$/m)
})

test('a model with numbers that are none is refused', async t => {
  const folder = scratch()
  for (const [value, shown] of [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ] as const) {
    const { code, stderr } = await xenograd(
      ['score', '-m', await changedModel(folder, {}, value)],
      '>a\nACGT\n',
    )
    t.equal(code, 1)
    t.ok(stderr.includes(`tensor cell.kernel: value 3 of 128 is ${shown}, wanted a finite number`), stderr)
  }
})

test('a training that is worse than guessing says so', async t => {
  const folder = scratch()
  writeFileSync(join(folder, 'in_tr.fa'), '>a\nACGTACGTAC\n>b\nTTGACCATGA\n')
  const { code, stderr } = await xenograd([
    'train',
    `--in_tr_data_dir=${folder}/in_tr.fa`,
    '--in_val_data_dir=',
    '--ood_val_data_dir=',
    `--out_dir=${folder}/out`,
    ...['--seq_len=10', '--hidden_lstm_size=4', '--batch_size=2', '--num_steps=60', '--learning_rate=1e6'],
  ])
  t.equal(code, 0)
  t.match(stderr, /xenograd train: step \d+: the loss is .* nats per base, far above the 1\.39 of guessing/)
  t.match(stderr, /at the end, so the model is of no use/)
})
