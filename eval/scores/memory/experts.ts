import type { BasesProgress, FragmentWindow, GenusEvidence } from '../score.js'
import { AtOnce } from './atOnce.js'
import { type ExpertTrack, type JudgedBases, type TrackRoom, trackRoom } from './expertTrack.js'
import type { GenusContexts } from './genusContexts.js'
import type { GenusCopies } from './genusCopies.js'
import { pieceLength, stretchLength } from './pieces.js'
import { turn } from './turn.js'

/** Networks of the same genera, whose predictions a gate weighs as it weighs those of contexts. */
export type Networks = Required<Pick<GenusEvidence, 'losses'>>

/** Networks predict so many bases together, at most: whole pieces, and enough to fill the rows of a batch. */
const mostTogether = 128 * pieceLength

/** A window of a fragment, which has the number `index` among those of a call. */
type IndexedWindow = FragmentWindow & { readonly index: number }

/** What experts say of a piece of a fragment, which has the number `index` among those of a call. */
export type JudgedPiece = JudgedBases & { readonly index: number }

/**
 * What the kinds of contexts, copies if there are, and networks if they are given, say of each base for each genus. All of
 * it takes as much as a hundred bytes for each base and genus, so fragments are judged piece by piece, in room that is used
 * again, and those of one call after those of another.
 */
export class Experts {
  readonly #judging = new AtOnce(1)
  /** What networks have said of bases that are not judged yet. */
  readonly #predicted = new AtOnce(mostTogether)
  #rooms: readonly TrackRoom[] | undefined

  /** `kinds`: those of contexts. */
  constructor(
    readonly kinds: readonly GenusContexts[],
    readonly copies: GenusCopies | undefined,
    readonly genera: number,
  ) {}

  /**
   * Gives what experts say of fragments, piece by piece; it is written anew for the next piece when the promise that `visit`
   * returns has ended. `onBases`: told from time to time how many bases more are done.
   */
  async judge(
    fragments: readonly Uint8Array[],
    networks: Networks | undefined,
    visit: (judged: JudgedPiece) => Promise<void> | void,
    onBases: BasesProgress = () => {},
  ): Promise<void> {
    let bases = 0
    const judgeAll = async (group: readonly IndexedWindow[], losses: readonly Float32Array[] | undefined) => {
      for (const [i, window] of group.entries())
        for (let start = window.start; start < window.end; start += pieceLength) {
          const piece = { ...window, start, end: Math.min(window.end, start + pieceLength) }
          await visit(this.#judgePiece(piece, losses?.[i].subarray((start - window.start) * this.genera)))
          bases += piece.end - start
          if (bases < stretchLength) continue
          onBases(bases)
          bases = 0
          await turn()
        }
    }
    for (const group of groupsOf(fragments))
      await this.#predicted.do(basesOf(group), async () => {
        const losses = await networks?.losses(group)
        await this.#judging.do(1, () => judgeAll(group, losses))
      })
  }

  /** `losses`: what networks say from its first base on. */
  #judgePiece({ index, fragment, start, end }: IndexedWindow, losses: Float32Array | undefined): JudgedPiece {
    const { kinds, copies, genera } = this
    this.#rooms ??= [...kinds, ...(copies ? [copies] : [])].map(() => trackRoom(pieceLength, genera))
    const rooms = this.#rooms
    for (const [i, kind] of kinds.entries()) kind.writeTrack(fragment, start, end, rooms[i])
    copies?.writeTrack(fragment.subarray(start, end), rooms[kinds.length])
    const tracks: readonly ExpertTrack[] = losses ? [...rooms, { losses }] : rooms
    return { index, start, bases: end - start, genera, tracks }
  }
}

/** Fragments in groups of so many bases as are predicted together; a longer one in several windows. */
function* groupsOf(fragments: readonly Uint8Array[]): Generator<readonly IndexedWindow[]> {
  let group: IndexedWindow[] = []
  let bases = 0
  for (const [index, fragment] of fragments.entries())
    for (let start = 0; start < fragment.length; start += mostTogether) {
      const end = Math.min(fragment.length, start + mostTogether)
      if (bases + end - start > mostTogether) {
        yield group
        group = []
        bases = 0
      }
      group.push({ index, fragment, start, end })
      bases += end - start
    }
  if (group.length > 0) yield group
}

const basesOf = (group: readonly FragmentWindow[]): number =>
  group.reduce((sum, { start, end }) => sum + end - start, 0)
