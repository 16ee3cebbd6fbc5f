import { brotliCompressSync, constants, deflateRawSync, type ZlibOptions } from 'node:zlib'
import { decode } from '../../data/index.js'
import { derivedKind } from './kind.js'
import { oneOf, scoreNames } from './options.js'
import type { Score, StorableScore } from './score.js'
import { storedChoice } from './stored.js'

const compressors = ['brotli', 'deflate'] as const
/** The name of a compressor. */
export type Compressor = (typeof compressors)[number]

const deflateOptions: ZlibOptions = { level: 9, memLevel: 9 }

const compress: Readonly<Record<Compressor, (text: Uint8Array) => Uint8Array>> = {
  brotli: text =>
    brotliCompressSync(text, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
      },
    }),
  deflate: text => deflateRawSync(text, deflateOptions),
}

/**
 * How long a fragment is when a general compressor has done its work: nats per base. The compressor is given a letter
 * (ACGT, N for unknown) for every base, a byte each: packed to two bits, repeats would not lie at whole bytes.
 */
export const compressedLength = (fragment: Uint8Array, compressor: Compressor): number =>
  (8 * Math.LN2 * compress[compressor](Buffer.from(decode(fragment), 'latin1')).length) / fragment.length

/**
 * A log-likelihood plus the fragment's length under a general compressor, both in nats per base: -S of Serra et al. 2020
 * (arXiv 1909.11480, eq. 2), which takes the fragment's own complexity out of its likelihood.
 */
export function complexityCorrected(name: string, of: Score, compressor: Compressor): StorableScore {
  return {
    name,
    score: async fragments =>
      (await of.score(fragments)).map((score, i) =>
        Number.isNaN(score) ? score : score + compressedLength(fragments[i], compressor),
      ),
    store: () => ({ kind: 'compression', name, settings: { of: [of.name], compressor }, arrays: {} }),
  }
}

export const compression = derivedKind({
  meaning: "a log-likelihood plus the fragment's length under a general compressor",
  fitsSamples: 'none',
  options: { of: scoreNames('one', 'the log-likelihood'), compressor: oneOf(compressors, 'the compressor') },
  fit: (name, { compressor }, [of]) => complexityCorrected(name, of, compressor),
  load: (stored, [of]) =>
    complexityCorrected(stored.name, of, storedChoice(stored, 'compressor', compressors)),
})
