/// <reference types="node" preserve="true" />
/**
 * This folder is what reading and writing files takes whatever is in them: writing (`atomic`, `writeChunks`, what is left behind by `temporary` files, having a folder to oneself with `folderLock`), bytes and
 * lines of a stream (`bytes`, `lines`), checksums (`crc32c`), the frames of TFRecord files (`records`), messages of protocol
 * buffers (`protobuf`), JSON (`json`), small tables (`table`), text that is safe to show (`printable`), and the error for bad input
 * (`inputError`).
 *
 * Files are written whole or not at all: bytes go to a temporary file in the same folder, which replaces the old file
 * only when it is complete and on the disk. A crash at any moment leaves the old file or the new one, never a mixture
 * (at worst a temporary file `.NAME.*.tmp` beside it).
 */
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { removeAtExit, temporaryBeside } from './temporary.js'

/**
 * A stream into a file that appears only on `commit()`. `abort()`, or an error in a pipeline, removes the temporary
 * file and leaves what was there before. Made by `openAtomic`.
 */
export class AtomicWriter extends Writable {
  readonly #handle: FileHandle
  readonly #target: string
  /** Undefined where there is nothing to replace: a device or a named pipe is written as it comes. */
  readonly #temporary: string | undefined
  readonly #forgetTemporary: () => void
  #committed = false

  constructor(handle: FileHandle, target: string, temporary: string | undefined) {
    super({ autoDestroy: false }) // the file stays open between the last byte and commit()
    this.#handle = handle
    this.#target = target
    this.#temporary = temporary
    this.#forgetTemporary = temporary === undefined ? () => {} : removeAtExit(temporary)
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#handle.writeFile(chunk).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#release().then(
      () => done(error),
      (failure: Error) => done(error ?? failure),
    )
  }

  async #release(): Promise<void> {
    if (this.#committed) return
    await this.#handle.close()
    if (this.#temporary !== undefined) await rm(this.#temporary, { force: true })
    this.#forgetTemporary()
  }

  /**
   * Ends the stream, brings the bytes to the disk and puts the file in place.
   * @throws Error what writing threw (disk full, no permission); the old file is then still there and the temporary one
   * is not.
   */
  async commit(): Promise<void> {
    try {
      if (!this.writableEnded) this.end()
      if (!this.writableFinished) await finished(this)
      if (this.destroyed) throw new Error(`${this.#target}: was aborted before commit()`)
      if (this.#temporary !== undefined) {
        await this.#handle.sync()
        await rename(this.#temporary, this.#target)
        this.#forgetTemporary()
      }
      this.#committed = true
    } finally {
      if (!this.#committed) await this.abort()
    }
    await this.#handle.close()
    if (this.#temporary !== undefined) await syncFolder(dirname(this.#target))
    this.destroy()
  }

  /** Gives up: what was at the path before stays. Does nothing after `commit()`. */
  async abort(): Promise<void> {
    if (this.closed) return
    const closed = new Promise<void>(resolve => this.once('close', resolve))
    this.destroy()
    await closed
  }
}

/** A renamed file survives a power cut only once its folder is on the disk too. Windows cannot, and need not, do it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/**
 * Opens `path` for writing behind a temporary file in the same folder, which must exist. A symbolic link is followed;
 * a device or a named pipe (`/dev/null`) is written directly.
 * @throws Error when `path` is a folder or cannot be written.
 */
export async function openAtomic(path: string): Promise<AtomicWriter> {
  try {
    const old = await stat(path).catch(error => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
    if (old?.isDirectory()) throw new Error('is a folder')
    if (old !== undefined && !old.isFile()) return new AtomicWriter(await open(path, 'w'), path, undefined)
    const target = old === undefined ? path : await realpath(path)
    const temporary = temporaryBeside(target)
    return new AtomicWriter(await open(temporary, 'wx', old?.mode), target, temporary)
  } catch (error) {
    const why =
      codeOf(error) === 'ENOENT' ? `folder ${dirname(path)} does not exist` : (error as Error).message
    throw new Error(`cannot write ${path}: ${why}`, { cause: error })
  }
}

/**
 * Writes `data` to `path`, whole or not at all.
 * @throws Error as `openAtomic` and `AtomicWriter.commit`.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const writer = await openAtomic(path)
  writer.end(data)
  await writer.commit()
}
