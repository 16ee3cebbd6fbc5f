import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import test from 'tape'
import { findFiles, openDataset, readLabelDictionary } from '../../data/layout.js'
import { sharedPath, testShared } from '../shared.js'
import { messageOf } from './reading.js'

function folderWith(...files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  return folder
}

test('findFiles: substring and .tfrecord, sorted; other formats only without them', async t => {
  const folder = folderWith(
    'b_in_tr.tfrecord',
    'a_in_tr-2.tfrecord-00',
    'in_tr_nsample.json',
    'in_val.tfrecord',
    'in_tr.fa',
  )
  t.deepEqual(await findFiles(folder, 'in_tr'), [
    join(folder, 'a_in_tr-2.tfrecord-00'),
    join(folder, 'b_in_tr.tfrecord'),
  ])
  const tsv = folderWith('before_2011_in_tr.txt', 'in_tr.fastq.gz', 'in_tr.json')
  t.deepEqual(await findFiles(tsv, 'in_tr'), [
    join(tsv, 'before_2011_in_tr.txt'),
    join(tsv, 'in_tr.fastq.gz'),
  ])
  t.deepEqual(
    await findFiles(join(folder, 'in_tr.fa'), 'ood_val'),
    [join(folder, 'in_tr.fa')],
    'a file is taken as it is',
  )
  t.match(
    await messageOf(findFiles(folder, 'ood_test')),
    /: no file with 'ood_test' and '.tfrecord' .* the folder has a_in_tr/,
  )
  t.match(await messageOf(findFiles(join(folder, 'nowhere'), 'in_tr')), /nowhere: no such file or folder$/)
})

test('openDataset: folders of the reference, files of TFDS', async t => {
  const reference = folderWith(
    'before_2011_in_tr/in_tr.tfrecord',
    'between_2011-2016_in_val/in_val.tfrecord',
    'between_2011-2016_ood_val/ood_val.tfrecord',
    'label_dict.json',
  )
  const relativeTo = (folder: string, files: string[]) => files.map(file => relative(folder, file))
  const dataset = await openDataset(reference)
  t.deepEqual(relativeTo(reference, dataset.in_tr), ['before_2011_in_tr/in_tr.tfrecord'])
  t.deepEqual(relativeTo(reference, dataset.ood_val), ['between_2011-2016_ood_val/ood_val.tfrecord'])
  t.deepEqual(dataset.in_test, [])
  const tfds = folderWith('before_2011_in_tr.txt', 'after_2016_ood_test.txt')
  t.deepEqual(relativeTo(tfds, (await openDataset(tfds)).ood_test), ['after_2016_ood_test.txt'])
  t.match(await messageOf(openDataset(folderWith('x.txt'))), /: no files of a data set/)
  t.match(await messageOf(openDataset(join(tfds, 'no'))), /no: no such folder$/)
})

test('readLabelDictionary', async t => {
  const folder = folderWith()
  const path = join(folder, 'label_dict.json')
  writeFileSync(path, '{"Bacillus": 0, "Vibrio": 11}')
  t.deepEqual(
    [...(await readLabelDictionary(path))],
    [
      ['Bacillus', 0],
      ['Vibrio', 11],
    ],
  )
  for (const bad of ['{', '[]', '{"a": "b"}', '3', 'null']) {
    writeFileSync(path, bad)
    t.match(await messageOf(readLabelDictionary(path)), /label_dict.json: /)
  }
})

testShared('openDataset: the bench data set', async t => {
  const dataset = await openDataset(sharedPath('data/bench'))
  t.deepEqual(
    Object.values(dataset).map(files => files.length),
    [1, 1, 1, 0, 0],
  )
})
