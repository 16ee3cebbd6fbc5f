import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { blasFileNames, findBlasFile } from '../../../../../engine/devices/wasm/matmul/blasFile.js'

test('blas: looked for by preference, then by folder', t => {
  const names = blasFileNames()
  if (!names.length || process.platform === 'darwin') {
    t.comment('skipped: no plain files are looked for on this system')
    t.end()
    return
  }
  const root = mkdtempSync(join(tmpdir(), 'xenograd-blas-'))
  const [one, two] = ['one', 'two'].map(name => join(root, name))
  for (const folder of [one, two]) mkdirSync(folder)
  t.equal(findBlasFile([one, two]), undefined)
  writeFileSync(join(one, names[1]), '')
  t.equal(findBlasFile([two, one]), `${one}/${names[1]}`)
  writeFileSync(join(two, names[0]), '')
  t.equal(findBlasFile([one, two]), `${two}/${names[0]}`)
  writeFileSync(join(one, names[0]), '')
  t.equal(findBlasFile([one, '', two]), `${one}/${names[0]}`)
  t.end()
})
