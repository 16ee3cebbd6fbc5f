/** Readers of small texts: settings of a run, manifests of genomes, numbers of genera. */
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printable, readLabelDictionary, readManifest } from '../../data/index.js'
import { formatParams, parseParams } from '../../model/checkpoint/index.js'
import { defaults, settingNames, settingsTable } from '../../model/index.js'
import { isKind } from '../../model/settings.js'
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
const labels = ['{"Bacillus": 0, "Yersinia": 9}', '{}']

/** A target whose input is a small file. */
const fileTarget = (name: string, samples: readonly string[], read: () => Promise<void>): Target => ({
  name,
  make: (changes, pick) => mutate(Buffer.from(pickOf(samples, pick)), changes),
  judge: async input => {
    await writeFile(path, input)
    await read()
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
    },
  },
  fileTarget('manifest', manifests, async () => {
    for (const { file, genus, accession, group, length, parts } of (await outcomeOf(() =>
      readManifest(path),
    )) ?? []) {
      check(file !== '', 'a file without a name')
      for (const text of [genus, accession, group, ...parts.map(({ set }) => set)])
        check(printable(text) === text, `control characters in ${JSON.stringify(text)}`)
      check(Number.isSafeInteger(length) && length >= 0, `length ${length}`)
      check(
        parts.every(({ from, to }) => 0 <= from && from < to && to <= 1),
        `parts ${JSON.stringify(parts)}`,
      )
    }
  }),
  fileTarget('labels', labels, async () => {
    for (const [genus, label] of (await outcomeOf(() => readLabelDictionary(path))) ?? [])
      check(printable(genus) === genus && Number.isSafeInteger(label), `${genus}: ${label}`)
  }),
]
