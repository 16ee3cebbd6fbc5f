import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { declaredPaths, required, withOutput } from './declaredPaths.js'
import { inThisProcess, scratch } from './support.js'

test('every output of every command is tried before any work is done', async t => {
  const folder = scratch()
  const file = join(folder, 'file')
  writeFileSync(file, 'no folder')
  const absent = join(folder, 'absent', 'x.safetensors')
  const { outputs, outputFolders } = declaredPaths()
  t.ok(outputFolders.length >= 5, `${outputFolders.length} folders`)
  for (const { command, option } of outputs) {
    const { code, stderr } = await inThisProcess([
      command,
      ...withOutput(required[command] ?? [], option, absent),
    ])
    t.equal(code, 1, `${command} ${option}`)
    t.match(stderr, /^xenograd: cannot write .*x\.safetensors: folder .*absent does not exist\n$/)
  }
  for (const { command, option } of outputFolders) {
    const below = join(file, 'below')
    const { code, stderr } = await inThisProcess([
      command,
      ...withOutput(required[command] ?? [], option, below),
    ])
    t.equal(code, 1, `${command} ${option}`)
    t.match(stderr, /file is a file, and a folder is to be written there; give another name\n$/)
  }
  t.deepEqual(readdirSync(folder), ['file'], 'nothing is left behind')
  t.notOk(existsSync('new'))
})

test('formats that are not written are refused by their names', async t => {
  for (const [option, name, message] of [
    ['--plot', 'x.png', /\.png is not written: charts are written as SVG/],
    ['--html', 'x.PDF', /\.PDF is not written/],
    ['--tsv', 'x.tsv.zst', /\.zst is not written: files are written plain, or compressed as \.gz/],
    ['--table', 'x.xlsx', /tables are written as text/],
  ] as const) {
    const { code, stderr } = await inThisProcess(['evaluate', option, join(scratch(), name)])
    t.equal(code, 2)
    t.match(stderr, message)
  }
})
