import type { Track } from '../../model/index.js'

/** The first line of a track, for genome browsers. */
export const trackHeader = (value: string): string =>
  `track type=bedGraph name="xenograd" description="${value} per base, nats"\n`

/** A genus leads for each read by itself: a comment says which one, and over which. */
const comment = (read: string, { of, against }: Track): string => `# ${read}: ${of} against ${against}\n`

/**
 * How a read's score comes about base by base as bedGraph: a line for each base of which something is known, with the read's
 * name, the base's position from 0 on and the one after it, and the value in nats. It comes in pieces of some thousand lines.
 */
export function* bedGraph(name: string, track: Track, isCommented: boolean): Generator<string> {
  let lines = isCommented ? [comment(name, track)] : []
  for (const [i, value] of track.values.entries()) {
    if (Number.isNaN(value)) continue
    lines.push(`${name}\t${i}\t${i + 1}\t${Number(value.toPrecision(5))}\n`)
    if (lines.length < 4096) continue
    yield lines.join('')
    lines = []
  }
  if (lines.length) yield lines.join('')
}
