import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { sharedPath, testShared } from '../../shared.js'
import { scratch, tinyModel, xenograd } from '../support.js'

test('convert: to TensorFlow and back, bit for bit, and never over what is there', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const checkpoint = join(folder, 'model_7.ckpt')
  const back = join(folder, 'back.safetensors')
  const again = join(folder, 'again.ckpt')
  const there = await xenograd(['convert', model, checkpoint])
  t.equal(there.code, 0, there.stderr)
  t.equal(there.stdout, '')
  t.equal((await xenograd(['convert', checkpoint, back])).code, 0)
  t.equal((await xenograd(['convert', back, again])).code, 0)
  for (const part of ['index', 'data-00000-of-00001'])
    t.deepEqual(readFileSync(`${again}.${part}`), readFileSync(`${checkpoint}.${part}`), part)

  const before = readFileSync(back)
  const [refused, refusedCheckpoint, forced, foreign] = await Promise.all([
    xenograd(['convert', checkpoint, back]),
    xenograd(['convert', back, checkpoint]),
    xenograd(['convert', '--force', model, again]),
    tinyModel(folder, { name: 'gru.safetensors', cell: 'gru' }).then(gru =>
      xenograd(['convert', gru, join(folder, 'gru.ckpt')]),
    ),
  ])
  t.equal(refused.code, 1)
  t.match(refused.stderr, /back\.safetensors exists already; choose another name, or use --force\n$/)
  t.deepEqual(readFileSync(back), before)
  t.equal(refusedCheckpoint.code, 1)
  t.equal(forced.code, 0, forced.stderr)
  t.equal(foreign.code, 1)
  t.match(foreign.stderr, /the reference has no cell 'gru'/)
  t.notOk(existsSync(join(folder, 'gru.ckpt.index')))
})

test('convert and info: the same model before and after', async t => {
  const folder = scratch()
  const model = await tinyModel(folder, { cell: 'layerNormLstm' })
  const checkpoint = join(folder, 'model_7.ckpt')
  await xenograd(['convert', model, checkpoint])
  const [before, after] = await Promise.all([xenograd(['info', model]), xenograd(['info', checkpoint])])
  t.equal(before.code, 0, before.stderr)
  const about = (stdout: string) =>
    Object.fromEntries(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => line.split('\t')),
    )
  const known = about(before.stdout)
  t.equal(known.cell, 'layerNormLstm')
  t.equal(known.hidden, '4')
  t.equal(known.updates, '0')
  t.equal(known['tensor logits.kernel'], 'float32 [4, 4]')
  const { path, source, format, ...rest } = known
  t.equal(path, model)
  const converted = about(after.stdout)
  for (const [name, value] of Object.entries(rest)) t.equal(converted[name], value, name)
})

testShared("convert: the reference's checkpoint comes back byte for byte, settings included", async t => {
  const folder = scratch()
  const original = sharedPath('data/tf1-oracle/model/model_900.ckpt')
  const own = join(folder, 'm.safetensors')
  const back = join(folder, 'back', 'model_900.ckpt')
  mkdirSync(join(folder, 'back'))
  const first = await xenograd(['convert', original, own])
  t.equal(first.code, 0, first.stderr)
  copyFileSync(sharedPath('data/tf1-oracle/model/params.json'), join(folder, 'params.json'))
  const second = await xenograd(['convert', own, back])
  t.equal(second.code, 0, second.stderr)
  for (const part of ['index', 'data-00000-of-00001'])
    t.deepEqual(readFileSync(`${back}.${part}`), readFileSync(`${original}.${part}`), part)
  t.ok(existsSync(join(folder, 'back', 'params.json')))
  const { stdout } = await xenograd(['info', own])
  t.match(stdout, /\nupdates\t901\n/)
  t.match(stdout, /\nparameters\t4324\n/)
})
