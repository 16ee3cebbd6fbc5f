import { type Read, unknown } from '../../data/index.js'

/** The first line of a track, for genome browsers. */
export const trackHeader = (value: string): string =>
  `track type=bedGraph name="xenograd" description="${value} per base, nats"\n`

/**
 * A read's log-likelihood ratio base by base as bedGraph: a line for each predicted base with the read's name, the
 * base's position from 0 on and the one after it, and the value in nats. It comes in pieces of some thousand lines.
 */
export function* bedGraph({ name, bases }: Read, values: Float32Array): Generator<string> {
  let lines: string[] = []
  for (let i = 1; i < bases.length; i++) {
    if (bases[i] >= unknown || bases[i - 1] >= unknown) continue
    lines.push(`${name}\t${i}\t${i + 1}\t${Number(values[i].toPrecision(5))}\n`)
    if (lines.length < 4096) continue
    yield lines.join('')
    lines = []
  }
  if (lines.length) yield lines.join('')
}
