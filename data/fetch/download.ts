import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Client, FetchError } from './client.js'

/** The MD5 checksum of a file, in hexadecimal digits. */
export async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/**
 * Downloads a file, whole or not at all. What an earlier try has left in `PATH.part` is gone on with; the file gets its
 * name when its checksum is right.
 * @param md5 the checksum that the file must have, in hexadecimal digits
 * @throws FetchError when the file cannot be had, or has another checksum twice; Error when it cannot be written.
 */
export async function download(client: Client, url: string, path: string, md5: string): Promise<void> {
  const part = `${path}.part`
  for (const last of [false, true]) {
    await client.retrying(() => continuePart(client, url, part))
    const computed = await md5Of(part)
    if (computed === md5) return rename(part, path)
    await rm(part)
    if (last) throw new FetchError(`${url}: has the MD5 checksum ${computed}, published is ${md5}`)
  }
}

/** One try to get the rest of a file. */
async function continuePart(client: Client, url: string, part: string): Promise<void> {
  const have = (await stat(part).catch(() => undefined))?.size ?? 0
  // As it is on the server, so that lengths and ranges are those of the file.
  const headers = { 'accept-encoding': 'identity', ...(have > 0 && { range: `bytes=${have}-` }) }
  try {
    await client.get(url, headers, async (response, body) => {
      const from = startOf(response, url, have)
      const file = await open(part, from ? 'r+' : 'w')
      try {
        await append(file, from, body, response)
      } finally {
        await file.close()
      }
    })
  } catch (error) {
    // Nothing is left: the part has all bytes (or too many, which the checksum shows).
    if (!(error instanceof FetchError && error.status === 416)) throw error
  }
}

/** Where the bytes of an answer belong: behind those that we have, or at the beginning if the server sends all. */
function startOf(response: Response, url: string, have: number): number {
  if (response.status !== 206) return 0
  const range = response.headers.get('content-range') ?? ''
  if (!range.startsWith(`bytes ${have}-`))
    throw new FetchError(`${url}: asked for the bytes from ${have} on, got '${range}'`, 502)
  return have
}

async function append(
  file: FileHandle,
  from: number,
  body: AsyncIterable<Uint8Array>,
  response: Response,
): Promise<void> {
  let position = from
  for await (const chunk of body) {
    await file.write(chunk, 0, chunk.length, position)
    position += chunk.length
  }
  const length = Number(response.headers.get('content-length') ?? position - from)
  if (position - from < length)
    throw new FetchError(`${response.url}: broke off after ${position - from} of ${length} bytes`)
  await file.sync()
}
