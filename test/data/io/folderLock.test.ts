import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import test from 'tape'
import { FolderInUseError, FolderLock } from '../../../data/index.js'
import { testUnless } from '../../testUnless.js'

const scratch = (): string => mkdtempSync(join(tmpdir(), 'xenograd-lock-'))
const lockOf = (folder: string): string => join(folder, 'lock.json')

const refusal = (folder: string): Promise<unknown> =>
  FolderLock.take(folder).then(
    lock => lock.release(),
    (error: unknown) => error,
  )

/** A lock as another process would have left it, `minutes` after its last sign of life. */
function leave(folder: string, change: object, minutes = 0): void {
  const since = '2026-01-02T03:04:05.678Z'
  writeFileSync(lockOf(folder), JSON.stringify({ ...mine, since, ...change }))
  const time = Date.now() / 1000 - 60 * minutes
  utimesSync(lockOf(folder), time, time)
}

/** What a lock of this process says. */
const mine: { host: string; pidSpace: string; pid: number; started: string } = await (async () => {
  const folder = scratch()
  const lock = await FolderLock.take(folder)
  const text = readFileSync(lockOf(folder), 'utf8')
  lock.release()
  return JSON.parse(text)
})()

/** The number of a process that is no more. */
const dead = spawnSync(process.execPath, ['-e', '']).pid

test('FolderLock: one at a time, and nothing is left of it', async t => {
  const folder = scratch()
  const lock = await FolderLock.take(folder)
  t.equal(mine.host, hostname())
  const error = await refusal(folder)
  t.ok(error instanceof FolderInUseError)
  t.match(
    String(error),
    new RegExp(`process ${process.pid} on .* \\(since .*Z\\) works in this folder; wait until it has ended`),
  )
  await lock.confirm()
  lock.release()
  t.deepEqual(readdirSync(folder), [])
  t.equal(await refusal(folder), undefined, 'free again')
})

test('FolderLock: a lock that was left behind is taken over as soon as its process is known to be gone', async t => {
  const linux = mine.started !== ''
  const cases: [string, object | string, minutes: number, taken: boolean][] = [
    ['a dead process of this machine', { pid: dead }, 0, true],
    ['a number that another process has by now', { started: '1' }, 0, linux],
    ['this process', {}, 60, !linux],
    ['another machine, a moment ago', { host: 'elsewhere' }, 1, false],
    ['another machine, long ago', { host: 'elsewhere' }, 6, true],
    ['another container of the same name', { pidSpace: 'pid:[1]', pid: dead }, 1, false],
    ['another container of the same name, long ago', { pidSpace: 'pid:[1]', pid: dead }, 6, true],
    ['a file that is just being written', '', 0, false],
    ['a file that was never finished', '{"host"', 6, true],
  ]
  for (const [name, change, minutes, taken] of cases) {
    const folder = scratch()
    leave(folder, typeof change === 'string' ? {} : change, minutes)
    if (typeof change === 'string') {
      writeFileSync(lockOf(folder), change)
      const time = Date.now() / 1000 - 60 * minutes
      utimesSync(lockOf(folder), time, time)
    }
    const error = await refusal(folder)
    t.equal(error === undefined, taken, `${name}: ${error}`)
    t.deepEqual(readdirSync(folder), taken ? [] : ['lock.json'], 'no file beside it')
  }
})

// Elsewhere the system does not tell that a process has ended which its parent has not asked for.
const noProc = process.platform === 'linux' ? undefined : 'no /proc, which only Linux has'
testUnless(
  noProc,
  'FolderLock: of a process that has ended, and that its parent has not asked for yet',
  async t => {
    // The shell's child ends soon, and what the shell has become by then asks for no children.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line))
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    while (stat()[0] !== 'Z') await setTimeout(10)
    const folder = scratch()
    leave(folder, { pid, started: stat()[19] })
    t.equal(await refusal(folder), undefined)
    parent.kill()
  },
)

test('FolderLock: whoever lost its folder is told, and leaves the new lock alone', async t => {
  const folder = scratch()
  const lock = await FolderLock.take(folder)
  leave(folder, { host: 'elsewhere', pid: 7 })
  const error = await lock.confirm().catch((e: unknown) => e)
  t.match(String(error), /^FolderInUseError: .*process 7 on elsewhere .* has taken this folder over/)
  lock.release()
  t.ok(existsSync(lockOf(folder)))
})

test('FolderLock: of many at once, one gets a dead process’s folder', async t => {
  const folder = scratch()
  leave(folder, { pid: dead })
  const taken = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.take(folder)))
  const locks = taken.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const confirmed = await Promise.allSettled(locks.map(lock => lock.confirm()))
  // Between two renames a third may slip in: then one of them is told, before it writes anything.
  t.equal(confirmed.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const lock of locks) lock.release()
  t.deepEqual(readdirSync(folder), [])
})
