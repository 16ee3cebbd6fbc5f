import { setTimeout as wait } from 'node:timers/promises'

/** How servers are asked. */
export type ClientOptions = {
  /** What a server's operators may write to when something goes wrong. */
  readonly email: string
  /** The program's version, for the User-Agent. */
  readonly version: string
  /** Requests a second, at most (default 3, what NCBI allows without a key). */
  readonly rate?: number
  /** Times that a request is repeated after a failure that may pass (default 5). */
  readonly retries?: number
  /** Seconds before the first repetition (default 1); they double with each. */
  readonly firstDelay?: number
  /** Seconds without a byte after which a request counts as failed (default 60). */
  readonly patience?: number
  /** Aborted to give up. */
  readonly signal?: AbortSignal
  /** Told of every failure that is followed by another try. */
  readonly onRetry?: (message: string) => void
}

/** A server, or the network, that does not do what it is asked. */
export class FetchError extends Error {
  override readonly name = 'FetchError'

  /** `status`: of HTTP, if there was an answer; `retryAfter`: seconds that the server asks to wait. */
  constructor(
    message: string,
    readonly status?: number,
    readonly retryAfter?: number,
  ) {
    super(message)
  }

  /** Whether the same request may succeed later. */
  get mayPass(): boolean {
    return this.status === undefined || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

/** The most bytes of a text that is asked for. */
const longestText = 2 ** 26

/** Asks servers one request after the other, at a rate that they can bear, and again when they fail for the moment. */
export class Client {
  readonly #options: Required<Omit<ClientOptions, 'signal' | 'onRetry'>> & ClientOptions
  #nextStart = 0

  constructor(options: ClientOptions) {
    this.#options = { rate: 3, retries: 5, firstDelay: 1, patience: 60, ...options }
  }

  get email(): string {
    return this.#options.email
  }

  /**
   * The text at an address.
   * @throws FetchError when it cannot be had, AbortError when the signal says so.
   */
  async text(url: string): Promise<string> {
    return this.retrying(async () => {
      const chunks: Uint8Array[] = []
      let bytes = 0
      await this.get(url, {}, async (_, body) => {
        for await (const chunk of body) {
          bytes += chunk.length
          if (bytes > longestText) throw new FetchError(`${url}: more than ${longestText} bytes of text`, 413)
          chunks.push(chunk)
        }
      })
      return Buffer.concat(chunks).toString()
    })
  }

  /**
   * One request; `read` gets status, headers and the chunks of the body.
   * @throws FetchError for a status of 400 and more and for a connection that fails or says nothing any more; what
   * `read` throws.
   */
  async get(
    url: string,
    headers: Readonly<Record<string, string>>,
    read: (response: Response, body: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    const { version, email, patience, signal } = this.#options
    await this.#takeTurn()
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), 1000 * patience)
    const given = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal
    try {
      const userAgent = `xenograd/${version} (mailto:${email})`
      const response = await fetch(url, { headers: { 'user-agent': userAgent, ...headers }, signal: given })
      if (response.status >= 400) {
        await response.body?.cancel()
        throw new FetchError(
          `${url}: the server answers ${response.status} ${response.statusText}`,
          response.status,
          secondsToWait(response.headers.get('retry-after') ?? ''),
        )
      }
      await read(
        response,
        heard(response.body, () => timer.refresh()),
      )
    } catch (error) {
      signal?.throwIfAborted()
      throw asFetchError(error, url, silence.signal.aborted ? `no byte for ${patience} s` : undefined)
    } finally {
      clearTimeout(timer)
    }
  }

  /** What `attempt` gives; it is made again after failures that may pass, each time after a longer pause. */
  async retrying<T>(attempt: () => Promise<T>): Promise<T> {
    const { retries, firstDelay, signal, onRetry } = this.#options
    for (let tries = 0; ; tries++) {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof FetchError && error.mayPass)) throw error
        if (tries === retries)
          throw new FetchError(`${error.message} (tried ${tries + 1} times)`, error.status)
        const seconds = Math.max(firstDelay * 2 ** tries, Math.min(error.retryAfter ?? 0, 600))
        onRetry?.(`${error.message}; again in ${seconds} s`)
        await wait(1000 * seconds, undefined, { signal })
      }
    }
  }

  /** Waits until the rate allows another request. */
  async #takeTurn(): Promise<void> {
    const { rate, signal } = this.#options
    const now = performance.now()
    const start = Math.max(now, this.#nextStart)
    this.#nextStart = start + 1000 / rate
    await wait(start - now, undefined, { signal })
  }
}

/** What a header Retry-After asks for (RFC 9110, section 10.2.3), seconds or a date; undefined for anything else. */
function secondsToWait(header: string): number | undefined {
  if (/^\d+$/.test(header)) return Number(header)
  const seconds = Math.ceil((Date.parse(header) - Date.now()) / 1000)
  return seconds >= 0 ? seconds : undefined
}

/** The chunks of a body; `onChunk` is called with each. */
async function* heard(
  body: ReadableStream<Uint8Array> | null,
  onChunk: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body ?? []) {
    onChunk()
    yield chunk
  }
}

/** Failures of the network as FetchErrors; other errors as they are. */
function asFetchError(error: unknown, url: string, silence: string | undefined): unknown {
  if (silence !== undefined) return new FetchError(`${url}: ${silence}`)
  // Node's fetch throws TypeErrors whose cause says what happened; of a broken body, with `terminated`.
  if (!(error instanceof TypeError)) return error
  const cause = error.cause as { code?: string; message?: string } | undefined
  return new FetchError(`${url}: ${cause?.code ?? cause?.message ?? error.message}`)
}
