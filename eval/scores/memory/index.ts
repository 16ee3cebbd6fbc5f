/**
 * What is remembered of the genomes of known genera, and what it has to say for a fragment. This is the folder's door.
 *
 * `rememberedGenomes` keeps the genomes, two bits a base in files. `genusContexts` has, for each genus, what follows each
 * context of bases (a `contextShape`: contiguous, or without every third base). `translatedAlignments` finds what a
 * fragment has in common with the proteins of each genus: from seeds (`seedIndex`), extended codon by codon
 * (`codonScores`); `regionLeads` compares the genera in each region. `genusMemory` joins both into evidence for each
 * genus; a `gate`, trained (`trainGate`) on ends of the genomes that another memory does not know, says base by base how
 * much each kind of context, or a network, is worth.
 */
export { Gate } from './gate.js'
export { maxContextOrder } from './genusContexts.js'
export { GenusMemory, type MemorySettings, type Networks } from './genusMemory.js'
export { PackedBases } from './packedBases.js'
export { RememberedGenomes } from './rememberedGenomes.js'
export { trainGate } from './trainGate.js'
