import type { Launch } from '../device.js'
import type { Acl } from './acl.js'
import { AscendError } from './errors.js'
import { unavailable } from './library.js'
import type { CaptureChoice } from './options.js'

/** Whether launches are captured, whether those that cannot be are refused, and what the device's description says of it. */
export type Capturing = { readonly isOn: boolean; readonly isDemanded: boolean; readonly words: string }

/** Address lists that are remembered of an array of launches: those of arguments that come round. */
const mostAddressLists = 4
/** Graphs that a card holds for us at a time: their tasks take streams from those that it has (aclmdlRICaptureBegin). */
const mostGraphs = 16
/** A graph that was not run in so many calls may go to make room; sooner, graphs would come and go in turns. */
const callsUntilIdle = 100
/** Addresses that have not come back in so many calls are forgotten to make room for others. */
const callsUntilForgotten = 10

/**
 * Finds out, by capturing nothing, whether the card keeps graphs: those of the first generation and 310P do not.
 * @throws DeviceUnavailableError when graphs are asked for and there are none; AscendError when the card is lost.
 */
export function capturingOn(acl: Acl, choice: CaptureChoice = 'auto'): Capturing {
  const isDemanded = choice === 'on'
  const off = { isOn: false, isDemanded, words: 'no graphs' }
  if (choice === 'off') return off
  const refusal = graphRefusal(acl)
  if (refusal === undefined) return { isOn: true, isDemanded, words: 'repeated work kept as graphs' }
  if (!isDemanded) return off
  throw unavailable(`capture is on, and ${acl.soc} keeps no graphs (${refusal})`, 'open it with capture auto')
}

/** Why a card keeps no graphs; undefined if it does. */
export function graphRefusal(acl: Acl): string | undefined {
  if (!acl.hasGraphs()) return 'this version of CANN has no aclmdlRICaptureBegin'
  try {
    acl.destroyGraph(acl.capture(() => {}))
    return undefined
  } catch (error) {
    if (error instanceof AscendError && !error.isLoss) return error.summary
    throw error
  }
}

/** An array of launches with certain addresses, and its graph from the second time on. */
type Entry = { readonly addresses: readonly number[]; graph?: Graph; lastCall: number }

/** A graph on the card, and where the memory lay that its calls share when it was captured. */
type Graph = { readonly handle: bigint; readonly shared: readonly number[] }

/** What an array of launches is for `Graphs`: how it is enqueued call by call, and on which addresses. */
export type Work = {
  readonly addresses: readonly number[]
  /** Whether all of it happens on the card; what the host computes in between cannot be captured. */
  readonly isOnCard: boolean
  enqueue(): void
}

/**
 * Launches that are repeated, captured as graphs: one call enqueues all of their kernels (aclmdlRIExecuteAsync), where
 * one by one a training step has thousands.
 *
 * A graph has the addresses in it. Those of a training step hardly change: results lie where the arguments that they
 * replace lay (donate.ts), and batches and metrics in memory that was freed just before, so that a few lists of addresses
 * come round and each gets a graph of its own. Copies to and from fixed addresses would cost the card a copy of each
 * argument in each step, and save nothing. Addresses that do not come back are enqueued call by call.
 *
 * The first time is not captured: it plans operators and takes memory, and neither happens again the second time.
 */
export class Graphs {
  readonly #entries = new Map<readonly Launch[], Entry[]>()
  /** Entries with a graph, the longest unused first. */
  readonly #captured = new Set<Entry>()
  #calls = 0

  /**
   * `sharedAddresses`: where the memory lies that all calls share; a graph is of no use once that has moved. `isDemanded`:
   * refuse what cannot be captured.
   */
  constructor(
    readonly acl: Acl,
    readonly sharedAddresses: () => readonly number[],
    readonly isDemanded: boolean,
  ) {}

  /**
   * Enqueue launches: as a graph if they were enqueued on the same addresses before.
   * @throws AscendError when a call or the capture fails; of what was to be captured nothing runs then. Error when the host
   * computes some of it and a graph is demanded.
   */
  run(launches: readonly Launch[], work: Work): void {
    if (!work.isOnCard) {
      if (this.isDemanded)
        throw new Error(
          'ascend: capture is on, and this computation draws random numbers, which this card leaves to the host; open it with capture auto',
        )
      work.enqueue()
      return
    }
    this.#calls++
    const entry = this.#entryOf(launches, work.addresses)
    if (entry?.graph && !isSame(entry.graph.shared, this.sharedAddresses())) this.#drop(entry)
    if (!entry || (!entry.graph && !this.#hasRoom())) {
      work.enqueue()
      return
    }
    entry.graph ??= this.#capture(work)
    entry.lastCall = this.#calls
    this.#captured.delete(entry)
    this.#captured.add(entry)
    this.acl.executeGraph(entry.graph.handle)
  }

  /** The entry of launches with some addresses. Undefined the first time, which is remembered if there is room. */
  #entryOf(launches: readonly Launch[], addresses: readonly number[]): Entry | undefined {
    const entries = this.#entries.get(launches) ?? []
    this.#entries.set(launches, entries)
    const known = entries.find(entry => isSame(entry.addresses, addresses))
    if (known) return known
    if (entries.length === mostAddressLists) {
      const index = entries.findIndex(entry => this.#isIdle(entry))
      if (index < 0) return undefined
      const [oldest] = entries.splice(index, 1)
      this.#drop(oldest)
    }
    entries.push({ addresses, lastCall: this.#calls })
    return undefined
  }

  #isIdle({ graph, lastCall }: Entry): boolean {
    return this.#calls - lastCall > (graph ? callsUntilIdle : callsUntilForgotten)
  }

  /** Whether one more graph may be captured; one that is idle goes for it. */
  #hasRoom(): boolean {
    if (this.#captured.size < mostGraphs) return true
    const [longestUnused] = this.#captured
    if (!this.#isIdle(longestUnused)) return false
    this.#drop(longestUnused)
    return true
  }

  #capture(work: Work): Graph {
    const shared = this.sharedAddresses()
    const handle = this.acl.capture(() => work.enqueue())
    if (isSame(shared, this.sharedAddresses())) return { handle, shared }
    // The time before has failed before it took all memory.
    this.acl.destroyGraph(handle)
    return this.#capture(work)
  }

  /** Launches that are not enqueued any more. */
  forget(launches: readonly Launch[]): void {
    for (const entry of this.#entries.get(launches) ?? []) this.#drop(entry)
    this.#entries.delete(launches)
  }

  /** Give an entry's graph back, once it has run. */
  #drop(entry: Entry): void {
    if (!entry.graph) return
    if (!this.acl.isLost) this.acl.synchronise()
    this.acl.destroyGraph(entry.graph.handle)
    this.#captured.delete(entry)
    entry.graph = undefined
  }

  /** Give all graphs back; nothing that was enqueued may still run. */
  close(): void {
    for (const { graph } of this.#captured) this.acl.destroyGraph(graph!.handle)
    this.#captured.clear()
    this.#entries.clear()
  }
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i])
