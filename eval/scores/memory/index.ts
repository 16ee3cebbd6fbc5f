/**
 * What is remembered of the genomes of known genera, and what it has to say for a fragment. This is the folder's door.
 *
 * `rememberedGenomes` keeps the genomes, two bits a base (`packedBases`). `genusContexts` has, for each genus, what follows
 * each context of bases (a `contextShape`: contiguous, or without every third base), as counted (`windowCounts`).
 * `translatedAlignments` says what a fragment has in common with the proteins of each genus: a `pieceAligner` finds it from
 * seeds (`seedIndex`), extended codon by codon (`codonScores`). `genusCopies` takes a fragment for a copy of the genomes of
 * each genus from where its last bases occur there (`copyStarts`). Both go through long fragments in `pieces`;
 * `regionLeads` compares the genera in each region. What of this is made in advance (`lookups`) scores of the same genomes
 * share, and what they look up in it side by side (`recent`).
 *
 * `genusMemory` has it made when it is first needed, and joins what the kinds of contexts say (`pooledContexts`), what is
 * gained by copies (`copyGains`), and alignments into evidence for each genus, or into what each base adds to it
 * (`baseValues`). A `gate`, trained (`trainGate`) on ends of the genomes that another memory does not know, says base by
 * base how much each kind of context, a copy or a network is worth: `experts` say what they expect of a piece
 * (`expertTrack`), one call after another (`atOnce`), and a `gatePass` has it mixed in rows of equal number (`gateRows`).
 */
export type { Networks } from './experts.js'
export { Gate } from './gate.js'
export { maxContextOrder } from './genusContexts.js'
export { longestContext } from './genusCopies.js'
export { type ApartOpinions, GenusMemory, type MemorySettings } from './genusMemory.js'
export { PackedBases } from './packedBases.js'
export { RememberedGenomes } from './rememberedGenomes.js'
export { trainGate } from './trainGate.js'
