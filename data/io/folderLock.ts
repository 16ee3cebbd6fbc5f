import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, readlinkSync, rmSync, write, writeFileSync } from 'node:fs'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { parseJson } from './json.js'
import { removeAtExit, temporaryBeside } from './temporary.js'

/** How often a lock's file is written again, as a sign of life, in milliseconds. */
const heartbeat = 15_000

/** Without a sign of life for so long, a process that cannot be looked at is taken for dead, in milliseconds. */
const deadAfter = 300_000

const fileName = 'lock.json'

/** What stands in a lock's file. */
type Holder = {
  readonly host: string
  /** Processes are numbered anew in every such space (a container is one). Empty where there are none. */
  readonly pidSpace: string
  readonly pid: number
  /** When the process started, in its system's own units; empty where that is not told. A number may be used again. */
  readonly started: string
  /** ISO 8601. */
  readonly since: string
}

/** A folder that another process works in. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
}

/**
 * Has a folder to itself: the file `lock.json` in it names the process that works there. A lock that a process left
 * behind is taken over: at once where it can be seen that the process is gone, and else (on another machine that shares
 * the folder, in another container) when it has given no sign of life for five minutes.
 */
export class FolderLock {
  readonly #path: string
  readonly #text: string
  readonly #file: number
  readonly #timer: NodeJS.Timeout
  readonly #forget: () => void

  private constructor(
    readonly folder: string,
    text: string,
    file: number,
  ) {
    this.#path = join(folder, fileName)
    this.#text = text
    this.#file = file
    this.#forget = removeAtExit(this.#path)
    // Writing moves the time of the file by the clock of whoever keeps the folder. It may fail; `confirm` will tell.
    this.#timer = setInterval(() => write(file, text, 0, () => {}), heartbeat).unref()
  }

  /** Take a folder. @throws FolderInUseError while another process has it; Error when nothing can be written there. */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, fileName)
    const id = randomBytes(6).toString('hex') // a process may have taken it twice in a millisecond
    const text = JSON.stringify({ ...thisProcess(), since: new Date().toISOString(), id })
    for (;;) {
      const file = create(path, text)
      if (file !== undefined) return new FolderLock(folder, text, file)
      const other = await readLock(path)
      if (other === undefined) continue // it has just been given back
      await checkDead(folder, other)
      await removeDead(path, other.text)
    }
  }

  /**
   * That the folder still belongs to this lock: a process that was suspended for long may have lost it.
   * @throws FolderInUseError when it does not.
   */
  async confirm(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '')
    if (text === this.#text) return
    this.#forget()
    const holder = parseHolder(text)
    throw new FolderInUseError(
      `${this.folder}: ${holder ? `${describe(holder)} has taken this folder over` : `${this.#path} was removed`}; nothing more is written there`,
    )
  }

  /** Give the folder back. */
  release(): void {
    clearInterval(this.#timer)
    this.#forget()
    closeSync(this.#file)
    if (readSync(this.#path) === this.#text) rmSync(this.#path, { force: true })
  }
}

/** Makes a file that is not there yet; undefined if it is. Returns its descriptor. @throws Error when it cannot be made. */
function create(path: string, text: string): number | undefined {
  let file: number
  try {
    file = openSync(path, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw new Error(`cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
  try {
    writeFileSync(file, text)
    return file
  } catch (error) {
    closeSync(file)
    rmSync(path, { force: true })
    throw new Error(`cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
}

type Found = { readonly text: string; readonly changed: number }

/** A lock's file, and when it was written last; undefined if it is gone. */
async function readLock(path: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { text, changed: mtimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** @throws FolderInUseError unless the process that left a lock behind is gone, or must be taken for it. */
async function checkDead(folder: string, { text, changed }: Found): Promise<void> {
  const holder = parseHolder(text)
  const running = holder && isRunning(holder)
  if (running === false) return
  const silent = (await timeIn(folder)) - changed
  if (running === undefined && silent > deadAfter) return
  const seen =
    running === undefined
      ? ` (its last sign of life was ${Math.max(0, Math.round(silent / 1000))} s ago; after ${deadAfter / 1000} s it is taken for dead)`
      : ''
  throw new FolderInUseError(
    `${folder}: ${holder ? describe(holder) : 'another process'} works in this folder${seen}; wait until it has ended, or take another folder. If it is gone, remove ${join(folder, fileName)}`,
  )
}

/**
 * Removes the lock of a dead process, unless another one has done so and taken the folder in the meantime: its lock is
 * then put back.
 */
async function removeDead(path: string, text: string): Promise<void> {
  const aside = temporaryBeside(path)
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // Whoever goes on with a run removes temporary files.
  if ((await readFile(aside, 'utf8').catch(() => text)) !== text) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

/** The time by the clock that the times of files in a folder are told by. */
async function timeIn(folder: string): Promise<number> {
  const path = temporaryBeside(join(folder, fileName))
  const file = await open(path, 'wx')
  try {
    await file.writeFile('?')
    return (await file.stat()).mtimeMs
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

/** Whether the process of a lock is running; undefined where it cannot be seen from here. */
function isRunning({ host, pidSpace, pid, started }: Holder): boolean | undefined {
  const here = thisProcess()
  if (host !== here.host || pidSpace !== here.pidSpace) return undefined
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const { state, started: now } = statusOf(pid)
  // What has ended, and waits for its parent to ask how, works nowhere.
  if (state === 'Z') return false
  return now === '' || started === '' ? undefined : now === started
}

const thisProcess = () => ({
  host: hostname(),
  pidSpace: pidSpace(),
  pid: process.pid,
  started: statusOf(process.pid).started,
})

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/**
 * A process by Linux's `/proc/PID/stat` (proc_pid_stat(5)): its state (field 3), and when it started (field 22), in clock
 * ticks since the system started; empty where that is not told.
 */
function statusOf(pid: number): { readonly state: string; readonly started: string } {
  const stat = readSync(`/proc/${pid}/stat`)
  // The second field, the name in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', started: fields[19] ?? '' }
}

function readSync(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The holder that a lock's file names; undefined for a text that names none (one that is just being written). */
function parseHolder(text: string): Holder | undefined {
  try {
    const value = parseJson(text)
    return isHolder(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const { host, pidSpace, pid, started, since }: Record<string, unknown> = { ...value }
  return (
    [host, pidSpace, started, since].every(field => typeof field === 'string') &&
    Number.isInteger(pid) &&
    Number(pid) > 0
  )
}

const describe = ({ host, pid, since }: Holder): string =>
  `process ${pid} on ${host} (since ${since.replace(/\.\d+/, '')})`
