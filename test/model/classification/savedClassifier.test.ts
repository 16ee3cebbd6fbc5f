import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { entries } from '../../../engine/index.js'
import { gru } from '../../../model/cells/gru.js'
import { readSafetensors, writeSafetensors } from '../../../model/checkpoint/index.js'
import {
  CheckpointError,
  firstState,
  initialClassifier,
  initialState,
  loadClassifier,
  loadModel,
  saveClassifier,
  saveState,
} from '../../../model/index.js'

const description = {
  motifs: 4,
  motifLength: 3,
  hidden: 3,
  classes: 2,
  embedding: true,
  length: 10,
  classNames: ['Xeno', 'Ypso'],
}

test('a saved classifier comes back with its training state; other files are refused', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-saved-classifier-'))
  const path = join(folder, 'model.safetensors')
  const state = firstState({ seed: 4 }, key => initialClassifier(description, key))
  await saveClassifier(path, description, state, { step: '7' })
  const saved = await loadClassifier(path)
  t.deepEqual(saved.description, description)
  t.equal(saved.metadata.step, '7')
  for (const [[name, a], [, b]] of entries(state).map((e, i) => [e, entries(saved.state)[i]] as const))
    t.deepEqual(await b.data(), await a.data(), name)

  const generative = join(folder, 'generative.safetensors')
  const options = { cell: gru, hidden: 3 }
  await saveState(generative, options, initialState({ ...options, seed: 1 }), {})
  const rejects = async (loading: Promise<unknown>, message: RegExp) =>
    loading.then(
      () => t.fail(`accepted: ${message}`),
      error => t.ok(error instanceof CheckpointError && message.test(error.message), error.message),
    )
  await rejects(loadClassifier(generative), /but no classifier: its metadata has format 'xenograd-1'/)
  await rejects(loadModel(path), /its metadata has format 'xenograd-classifier-1', wanted 'xenograd-1'/)

  const { tensors, metadata } = await readSafetensors(path)
  const damaged = join(folder, 'damaged.safetensors')
  const cases: [change: Record<string, unknown>, message: RegExp][] = [
    [{ motifs: 1e12 }, /does not describe a classifier/],
    [{ classNames: ['Xeno'] }, /does not describe a classifier/],
    [{ motifLength: 11 }, /does not describe a classifier/],
    [{ motifs: 5 }, /variable motifs.kernel is F32 \[3,4,4\], wanted F32 \[3,4,5\]/],
  ]
  const write = (classifier: string) =>
    writeSafetensors(damaged, {
      tensors: new Map(
        [...tensors].map(([name, { data, ...rest }]) => [name, { ...rest, data: async () => data }]),
      ),
      metadata: { ...metadata, classifier },
    })
  for (const [change, message] of cases) {
    await write(JSON.stringify({ ...description, ...change }))
    await rejects(loadClassifier(damaged), message)
  }
  await write('{"motifs": ')
  await rejects(loadClassifier(damaged), /does not describe a classifier: not JSON: it breaks off/)
})
