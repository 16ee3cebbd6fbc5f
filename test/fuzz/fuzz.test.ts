import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { runs } from '../effort.js'
import { targets, tryTarget } from './campaign.js'
import { tryCommands } from './commandLine.js'

const corpus = fileURLToPath(new URL('../../../test/fuzz/corpus/', import.meta.url))

test('fuzz: what was found once', async t => {
  for (const file of readdirSync(corpus)) {
    const target = targets.find(({ name }) => name === file.split('.')[0])
    if (!target) t.fail(`${file}: there is no target of this name`)
    await target?.judge(new Uint8Array(readFileSync(join(corpus, file)))).then(
      () => t.pass(file),
      error => t.fail(`${file}: ${error}`),
    )
  }
})

test('fuzz: what is sound is accepted', async t => {
  for (const { name, make, judge } of targets)
    for (const pick of [0, 1, 2, 3, 18, 35, 52])
      t.ok(await judge(new Uint8Array(await make([], pick))), `${name} ${pick}`)
})

test('fuzz: a few inputs for every reader', async t => {
  const seed = randomInt(2 ** 31)
  t.comment(`node dist/test/fuzz/run.js --seed ${seed} repeats it`)
  for (const target of targets) {
    const finding = await tryTarget(target, runs(40), seed)
    t.notOk(finding, finding ? `seed ${seed}, ${target.name}: ${finding.error}` : target.name)
  }
})

test('fuzz: a few command lines', async t => {
  const seed = randomInt(2 ** 31)
  const found = await tryCommands(runs(12), seed)
  t.notOk(found, found ? `seed ${seed}: ${found}` : `seed ${seed}`)
})
