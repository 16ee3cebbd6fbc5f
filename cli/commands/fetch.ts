import { type Command, InvalidArgumentError } from 'commander'
import { fetchGenomes, readWishes, wishFor } from '../../data/fetch/index.js'
import { version } from '../../model/index.js'
import { UsageError } from '../failure.js'
import { interrupted, watchInterrupts } from '../interrupt.js'
import { say } from '../progress.js'
import { text, whole } from '../schema.js'
import { summarised } from '../summary.js'

type FetchFlags = {
  manifest?: string
  output: string
  email: string
  baseUrl?: string
  quiet?: boolean
}

const help = `
ACCESSION is an assembly's (GCF_000005845.2, without a version the newest) or a sequence's (NC_000913.3).

The table of --manifest has tabs and a header line. Each row is a genome by its accession, or some of a genus:
  accession                       of an assembly or a sequence; or
  genus                           complete genomes of RefSeq, the oldest first,
  released_from  released_to        released from one day to another (2011-01-01, inclusive),
  count                             this many (default 1)
  set  part  species              go into the new manifest as they are

Files and MANIFEST.tsv come into the folder of --output: xenograd sample and xenograd train --genomes take it as it is.
The same command goes on where an earlier one broke off, and fetches again only what is not there with the right
checksum. Assemblies are checked against NCBI's MD5 sums; single sequences have none. At most three requests a second
are made, as NCBI asks for, with --email as the contact; failures that may pass are tried again, later and later. What NCBI
does not have is told at the end, when all others are there.`

const summary = {
  folder: text('where the genomes are'),
  fetched: whole('genomes that were downloaded'),
  kept: whole('genomes that were there already'),
}

/** `xenograd fetch`: genomes from NCBI. */
export function register(program: Command): void {
  const command = program
    .command('fetch')
    .description('download genomes from NCBI, by accession or by genus')
    .argument('[accession...]', 'what to download')
    .requiredOption('-o, --output <out-folder>', 'where the genomes and their MANIFEST.tsv go')
    .requiredOption('--email <address>', 'whom NCBI may write to if something goes wrong', parseEmail)
    .option('--manifest <file>', 'a table of what to download')
    .option('--base-url <url>', "a mirror's address instead of NCBI's own", parseUrl)
    .option('-q, --quiet', 'only warnings and errors')
    .addHelpText('after', help)
  summarised(command, summary, async (accessions: string[], flags: FetchFlags) => {
    const { manifest, output, email, baseUrl, quiet } = flags
    const wishes = [
      ...accessions.map(accession => wishFor(accession, 'the command line')),
      ...(manifest === undefined ? [] : await readWishes(manifest)),
    ]
    if (wishes.length === 0) throw new UsageError('nothing to download: name accessions, or give --manifest')
    watchInterrupts()
    const { fetched, kept } = await fetchGenomes(wishes, output, {
      email,
      version: version().split(' ')[0],
      signal: interrupted,
      ...(baseUrl !== undefined && { baseUrl }),
      onRetry: message => say(`xenograd fetch: ${message}`),
      onGenome: (accession, what) => {
        if (!quiet) say(`${accession} ${what}`)
      },
    })
    if (!quiet) say(`${output}: ${fetched} genomes fetched, ${kept} were there`)
    return { folder: output, fetched, kept }
  })
}

function parseEmail(text: string): string {
  if (!/^[^\s@()<>]+@[^\s@()<>]+$/.test(text))
    throw new InvalidArgumentError('Give an address such as you@example.org.')
  return text
}

function parseUrl(text: string): string {
  if (!/^https?:\/\/[^\s?#]+$/.test(text))
    throw new InvalidArgumentError('Give an address such as https://mirror.example.org.')
  return text
}
