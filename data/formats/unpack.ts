import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline, Readable } from 'node:stream'
import { InputError } from '../io/inputError.js'
import { gunzip } from './gunzip.js'

/** How a compressed file begins, and what unpacks it. */
type Compression = {
  readonly magic: readonly number[]
  readonly unpack: (compressed: AsyncIterable<Uint8Array>, file: string) => AsyncIterable<Uint8Array>
}

/** Node reads gzip. For the others the platform has the programs that wrote the files, and they are the fastest there are. */
const compressions: readonly Compression[] = [
  { magic: [0x1f, 0x8b], unpack: gunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: byProgram('zstd') },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], unpack: byProgram('xz') },
  { magic: [0x42, 0x5a, 0x68], unpack: byProgram('bzip2') },
]

/** What unpacks a file that begins with `head`; undefined if it is not compressed. */
export const unpackerOf = (head: Uint8Array): Compression['unpack'] | undefined =>
  compressions.find(({ magic }) => magic.every((byte, i) => head[i] === byte))?.unpack

/** Unpacks with `NAME -dc`. The iterable throws an InputError when there is no such program, or it finds damage. */
function byProgram(program: string): Compression['unpack'] {
  return async function* (compressed, file) {
    const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    ended.catch(() => {}) // thrown where it is waited for
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, 1000)
    })
    let failure: Error | undefined
    pipeline(Readable.from(compressed), child.stdin, error => {
      // A program that stops reading says why itself.
      if (error && !/^(EPIPE|ERR_STREAM_PREMATURE_CLOSE|ECONNRESET)$/.test(error.code ?? '')) {
        failure = error
        child.kill()
      }
    })
    try {
      yield* child.stdout
      const [code] = (await ended) as [number | null]
      if (failure) throw failure
      if (code !== 0)
        throw new InputError(`${file}: ${program} data is damaged: ${complaint.trim().split('\n')[0]}`)
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' && syscall?.startsWith('spawn'))
        throw new InputError(
          `${file}: is compressed with ${program}, which is not installed here; install it, or unpack the file first`,
        )
      throw error
    } finally {
      child.kill()
    }
  }
}
