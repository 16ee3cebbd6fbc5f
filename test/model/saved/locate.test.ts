import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { locateModel, runIn } from '../../../model/saved/locate.js'

/** A new folder with empty files of these names. */
function folderOf(files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-locate-'))
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  return folder
}

test('locateModel: a run, the folder in it, the folder that it is in', async t => {
  const run = ['r/model/model_3.safetensors', 'r/model/model_20.safetensors', 'r/params.json', 'tune.tsv']
  const folder = folderOf(run)
  for (const path of ['', 'r', 'r/model']) {
    t.deepEqual(await locateModel(join(folder, path)), {
      format: 'safetensors',
      path: join(folder, 'r/model/model_20.safetensors'),
      step: 20,
    })
    t.equal((await locateModel(join(folder, path), 3)).path, join(folder, 'r/model/model_3.safetensors'))
  }
  const none = await locateModel(folder, 4).catch((error: Error) => error.message)
  t.match(String(none), /r: no checkpoint in this folder; wanted model_4\.safetensors or/)
})

test('locateModel: several runs are listed; none are said', async t => {
  const folder = folderOf(['b/model/model_1.safetensors', 'a/model/model_1.ckpt.index', 'c/notes.txt'])
  const message = (path: string) => locateModel(path).catch((error: Error) => error.message)
  t.equal(
    await message(folder),
    `${folder}: 2 runs are in this folder; give one of them: ${join(folder, 'a')}, ${join(folder, 'b')}`,
  )
  t.match(String(await message(join(folder, 'c'))), /no checkpoint in this folder/)
})

test('locateModel: checkpoints of the reference and ours in one folder: the newest; of one step ours', async t => {
  const both = ['m/model/model_5.ckpt.index', 'm/model/model_5.safetensors']
  const newest = async (files: readonly string[]) => {
    const { format, path } = await locateModel(folderOf(files))
    return `${format} ${path.split('/').at(-1)}`
  }
  t.equal(await newest(both), 'safetensors model_5.safetensors')
  t.equal(await newest([...both, 'm/model/model_10.ckpt.index']), 'tensorflow model_10.ckpt')
  const loose = folderOf(['model_5.safetensors', 'sub/model/model_9.safetensors'])
  t.equal(await runIn(loose), loose, 'checkpoints in the folder itself are meant')
})
