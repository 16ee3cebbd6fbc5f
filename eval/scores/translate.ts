import { unknown } from '../../data/index.js'

/** How many amino acids there are; a residue is the number of one. */
export const aminoAcids = 20
/** What a stop codon is translated to. */
export const stop = 20
/** What a codon with an unknown base is translated to. */
export const unknownResidue = 21

const letters = 'ACDEFGHIKLMNPQRSTVWY*'
/** The bacterial genetic code (NCBI's table 11) for the codons AAA, AAC, AAG, AAT, ACA … TTT. */
const code = 'KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF'
const residueOfCodon = Uint8Array.from(code, letter => letters.indexOf(letter))

/** The letter of a codon's amino acid (codons 0 to 63 in the order AAA, AAC … TTT), `*` for a stop codon. */
export const residueLetter = (codon: number): string => code[codon]

/** The residue of the codon that begins at each base but the last two; a frame is every third of them. */
export function residuesOf(bases: Uint8Array): Uint8Array {
  const residues = new Uint8Array(Math.max(0, bases.length - 2))
  let codon = 0
  let known = 0
  for (let i = 0; i < bases.length; i++) {
    const base = bases[i]
    known = base < unknown ? known + 1 : 0
    codon = ((codon << 2) | (base & 3)) & 63
    if (i >= 2) residues[i - 2] = known >= 3 ? residueOfCodon[codon] : unknownResidue
  }
  return residues
}
