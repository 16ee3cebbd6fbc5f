import { InputError } from '../io/inputError.js'
import { field } from '../io/printable.js'
import { type Row, readTable } from '../io/table.js'
import { isAccession } from './ncbi.js'

/** What is to be fetched: a genome by its accession, or some of a genus. */
export type Wish = {
  /** Empty where genomes are looked for by genus. */
  readonly accession: string
  /** Empty where NCBI's name is to be taken. */
  readonly genus: string
  readonly species: string
  /** For the manifest, as it is: `ID` or `OOD`, and which parts are for which set. */
  readonly set: string
  readonly part: string
  /** Days between which genomes of the genus must have been released, `2011-01-01`, inclusive; empty: any. */
  readonly from: string
  readonly to: string
  /** Genomes of the genus, at most. */
  readonly count: number
}

/** The wish for a genome. @throws InputError for what is no accession; `place` is what the message begins with. */
export function wishFor(accession: string, place: string): Wish {
  if (!isAccession(accession))
    throw new InputError(
      `${place}: '${accession}' is no accession; give an assembly's (GCF_000005845.2) or a sequence's (NC_000913.3)`,
    )
  return { accession, genus: '', species: '', set: '', part: '', from: '', to: '', count: 1 }
}

/**
 * The wishes of a table with tabs and a header line: `accession`, or `genus` with `released_from`, `released_to`
 * (2011-01-01) and `count` (default 1); `set`, `part` and `species` go into the manifest as they are. So a manifest of
 * genomes that somebody else has is such a table.
 * @throws InputError when there is no such file, and for any mistake in it: it names the line.
 */
export async function readWishes(path: string): Promise<Wish[]> {
  const wishes = (await readTable(path, [])).map(wishOf)
  if (wishes.length === 0) throw new InputError(`${path}: has no rows`)
  return wishes
}

function wishOf({ place, value }: Row): Wish {
  const text = (column: string) => field(value(column))
  const date = (column: string) => {
    if (!/^(\d{4}-\d{2}-\d{2})?$/.test(value(column)))
      throw new InputError(`${place}: ${column} '${value(column)}' is no day such as 2011-01-01`)
    return value(column)
  }
  const accession = value('accession')
  const genus = text('genus')
  if (accession === '' && genus === '') throw new InputError(`${place}: has neither an accession nor a genus`)
  if (accession === '' && !/^[A-Z][A-Za-z -]+$/.test(genus))
    throw new InputError(`${place}: '${genus}' is no name of a genus`)
  const count = value('count') || '1'
  if (!/^[1-9]\d{0,3}$/.test(count)) throw new InputError(`${place}: count '${count}' is not 1 to 9999`)
  return {
    ...(accession ? wishFor(accession, place) : { accession }),
    genus,
    species: text('species'),
    set: text('set'),
    part: text('part'),
    from: date('released_from'),
    to: date('released_to'),
    count: Number(count),
  }
}
