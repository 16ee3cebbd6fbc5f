import { mkdtempSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import test from 'tape'
import { openAtomic, writeFileAtomic } from '../../../data/io/atomic.js'

const scratch = (): string => mkdtempSync(join(realpathSync(tmpdir()), 'xenograd-'))

test('writeFileAtomic writes and replaces, and leaves nothing else', async t => {
  const folder = scratch()
  const path = join(folder, 'a.txt')
  await writeFileAtomic(path, 'first')
  t.equal(readFileSync(path, 'utf8'), 'first')
  await writeFileAtomic(path, new Uint8Array([1, 2, 3]))
  t.deepEqual([...readFileSync(path)], [1, 2, 3])
  await writeFileAtomic(path, '')
  t.equal(readFileSync(path).length, 0, 'an empty file is a file')
  t.deepEqual(readdirSync(folder), ['a.txt'])
})

test('a stream appears only on commit', async t => {
  const folder = scratch()
  const path = join(folder, 'a.txt')
  writeFileSync(path, 'old')
  const writer = await openAtomic(path)
  await pipeline(Readable.from(['new ', 'text']), writer)
  t.equal(readFileSync(path, 'utf8'), 'old', 'ended, not committed')
  await writer.commit()
  t.equal(readFileSync(path, 'utf8'), 'new text')
  await writer.abort()
  t.equal(readFileSync(path, 'utf8'), 'new text', 'abort after commit does nothing')
  t.deepEqual(readdirSync(folder), ['a.txt'])
})

test('abort, and an error in a pipeline, leave the old file and no temporary one', async t => {
  const folder = scratch()
  const path = join(folder, 'a.txt')
  writeFileSync(path, 'old')

  const aborted = await openAtomic(path)
  aborted.write('half')
  await aborted.abort()
  await aborted.abort()
  await aborted.commit().then(
    () => t.fail('commit after abort must throw'),
    () => t.pass('commit after abort throws'),
  )

  const failing = await openAtomic(path)
  const source = Readable.from(
    (function* () {
      yield 'half'
      throw new Error('the source broke')
    })(),
  )
  await pipeline(source, failing).catch(error => t.equal(error.message, 'the source broke'))
  await failing.abort()
  t.equal(readFileSync(path, 'utf8'), 'old')
  t.deepEqual(readdirSync(folder), ['a.txt'])
})

test('large writes with back-pressure arrive whole', async t => {
  const path = join(scratch(), 'big')
  const writer = await openAtomic(path)
  const block = Buffer.alloc(1 << 20, 7)
  await pipeline(Readable.from(Array(20).fill(block)), writer)
  await writer.commit()
  const back = readFileSync(path)
  t.equal(back.length, 20 << 20)
  t.ok(back.every(byte => byte === 7))
})

test('links are followed; devices are written in place', async t => {
  const folder = scratch()
  writeFileSync(join(folder, 'real'), 'old')
  symlinkSync('real', join(folder, 'link'))
  await writeFileAtomic(join(folder, 'link'), 'new')
  t.equal(readFileSync(join(folder, 'real'), 'utf8'), 'new')
  await writeFileAtomic('/dev/null', 'gone')
  t.equal(readFileSync('/dev/null').length, 0, '/dev/null is still a device')
})

test('paths that cannot be written are named', async t => {
  const folder = scratch()
  const message = async (path: string) => {
    try {
      await openAtomic(path)
      return 'no error'
    } catch (error) {
      return (error as Error).message
    }
  }
  t.equal(await message(folder), `cannot write ${folder}: is a folder`)
  t.equal(
    await message(join(folder, 'no', 'a.txt')),
    `cannot write ${join(folder, 'no', 'a.txt')}: folder ${join(folder, 'no')} does not exist`,
  )
})
