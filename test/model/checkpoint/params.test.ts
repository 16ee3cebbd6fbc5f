import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { formatParams, parseParams, readParams, writeParams } from '../../../model/checkpoint/index.js'
import { sharedPath, testShared } from '../../shared.js'

test('params: double-encoded and plain JSON are read, the former is written', t => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), extra => {
      const params = { ...extra, hidden_lstm_size: 30, emb_variable: false, out_dir: '/tmp/größe' }
      const text = formatParams(params)
      const plain = JSON.stringify(params)
      const isAscii = /^[\x20-\x7e]*$/.test(text)
      return [text, plain].every(form => JSON.stringify(parseParams(form)) === plain) && isAscii
    }),
  )
  t.equal(formatParams({ seq_len: 250 }), '"{\\"seq_len\\":250}"')
  t.end()
})

test('params: every fault is told', t => {
  const file = 'model/params.json'
  t.throws(() => parseParams('{', file), /^CheckpointError: model\/params\.json: the settings are not JSON/)
  t.throws(() => parseParams('"{"', file), /not JSON/)
  t.throws(() => parseParams('[1]', file), /not a JSON object/)
  t.throws(() => parseParams('{"hidden_lstm_size": "30"}'), /hidden_lstm_size is "30", wanted an integer/)
  t.throws(() => parseParams('{"norm_lstm": 0}'), /norm_lstm is 0, wanted a boolean/)
  t.end()
})

test('params: files', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-params-'))
  const path = join(folder, 'params.json')
  try {
    await readParams(path)
    t.fail('a missing file was read')
  } catch (error) {
    t.match(String(error), /params\.json: cannot read the settings: ENOENT/)
  }
  await writeParams(path, { hidden_lstm_size: 64, mutation_rate: 0.1 })
  t.deepEqual(await readParams(path), { hidden_lstm_size: 64, mutation_rate: 0.1 })
  await rm(folder, { recursive: true })
})

testShared('params: the reference’s own file', async t => {
  const params = await readParams(sharedPath('data/tf1-oracle/model/params.json'))
  t.equal(params.hidden_lstm_size, 30)
  t.equal(params.learning_rate, 0.0005)
  t.equal(params.norm_lstm, false)
  t.equal(params.in_tr_file_pattern, 'in_tr')
})
