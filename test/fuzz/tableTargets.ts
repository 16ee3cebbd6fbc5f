/** Readers of small texts: settings of a run, manifests of genomes, numbers of genera. */
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWishes } from '../../data/fetch/index.js'
import { printable, readLabelDictionary, readManifest } from '../../data/index.js'
import { formatParams, parseParams } from '../../model/checkpoint/index.js'
import { defaults, settingNames, settingsTable } from '../../model/index.js'
import { isKind } from '../../model/settingKinds.js'
import { mutate } from './mutation.js'
import { pickOf, type Target } from './targets.js'
import { check, outcomeOf } from './verdict.js'

const folder = mkdtempSync(join(tmpdir(), 'xenograd-fuzz-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'table')

const params = [JSON.stringify({ ...defaults, vocab_size: 4 }), formatParams(defaults), '{"seq_len": 250}']
const manifests = [
  'file\tset\tgenus\tspecies\taccession\tlength_bp\tgc\tpart\n' +
    'a.fna.gz\tID\tBacillus\tsubtilis\tGCF_000009045.1\t4215606\t0.43\ttrain:0-0.7;val:0.7-1\n' +
    'b.fna\tOOD\tAquifex\taeolicus\tNC_000918.1\t1551335\t0.43\tval:0-1\n',
  'file\tgenus\r\na.fa\tX\r\n',
]
const wishes = [
  'accession\tgenus\tset\tpart\nGCF_000009045.1\t\tID\ttrain:0-1\nNC_000918.1\tAquifex\tOOD\tval:0-1\n',
  'genus\treleased_from\treleased_to\tcount\nBacillus\t2010-01-01\t2011-01-01\t3\n',
]
const labels = ['{"Bacillus": 0, "Yersinia": 9}', '{"A": -1}']

/** A target whose input is a small file. */
const fileTarget = (name: string, samples: readonly string[], read: () => Promise<boolean>): Target => ({
  name,
  make: (changes, pick) => mutate(Buffer.from(pickOf(samples, pick)), changes),
  judge: async input => {
    await writeFile(path, input)
    return read()
  },
})

export const tableTargets: readonly Target[] = [
  {
    name: 'params',
    make: (changes, pick) => mutate(Buffer.from(pickOf(params, pick)), changes),
    judge: async input => {
      const settings = await outcomeOf(() => parseParams(Buffer.from(input).toString(), 'params.json'))
      for (const name of settings ? settingNames : [])
        check(
          settings?.[name] === undefined || isKind(settingsTable[name].kind, settings[name]),
          `${name} is ${settings?.[name]}`,
        )
      return settings !== undefined
    },
  },
  fileTarget('manifest', manifests, async () => {
    const genomes = await outcomeOf(() => readManifest(path))
    for (const { file, genus, accession, group, length, parts } of genomes ?? []) {
      check(file !== '', 'a file without a name')
      for (const text of [genus, accession, group, ...parts.map(({ set }) => set)])
        check(printable(text) === text, `control characters in ${JSON.stringify(text)}`)
      check(Number.isSafeInteger(length) && length >= 0, `length ${length}`)
      check(
        parts.every(({ from, to }) => 0 <= from && from < to && to <= 1),
        `parts ${JSON.stringify(parts)}`,
      )
    }
    return genomes !== undefined
  }),
  fileTarget('labels', labels, async () => {
    const genera = await outcomeOf(() => readLabelDictionary(path))
    for (const [genus, label] of genera ?? [])
      check(printable(genus) === genus && Number.isSafeInteger(label), `${genus}: ${label}`)
    return genera !== undefined
  }),
  fileTarget('wishes', wishes, async () => {
    const wanted = await outcomeOf(() => readWishes(path))
    for (const { accession, genus, set, part, count } of wanted ?? []) {
      check(/^[\w.]*$/.test(accession), `accession ${accession}`)
      for (const text of [genus, set, part])
        check(printable(text) === text, `control characters in ${JSON.stringify(text)}`)
      check(Number.isSafeInteger(count) && count > 0, `count ${count}`)
    }
    return wanted !== undefined
  }),
]
