// Prints the recipe for Bioconda of a packed package (recipes/xenograd/meta.yaml there):
//   npm pack && node .pack/bioconda.js xenograd-0.1.0.tgz > meta.yaml
// The package must be the one that was published: Bioconda downloads it, and compares its checksum.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [tarball] = process.argv.slice(2)
if (tarball === undefined) {
  console.error('give the packed package: node .pack/bioconda.js xenograd-VERSION.tgz')
  process.exit(2)
}
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { name, version, license, description, engines } = manifest
const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex')

process.stdout.write(`{% set name = "${name}" %}
{% set version = "${version}" %}

package:
  name: {{ name }}
  version: {{ version }}

source:
  url: https://registry.npmjs.org/{{ name }}/-/{{ name }}-{{ version }}.tgz
  sha256: ${sha256}

build:
  number: 0
  # Without optional packages nothing depends on the machine; they only are of use for BLAS libraries and Ascend cards.
  noarch: generic
  script:
    - npm pack --ignore-scripts
    - npm install --global --prefix "$PREFIX" --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund {{ name }}-{{ version }}.tgz
  run_exports:
    - {{ pin_subpackage(name, max_pin="${version.startsWith('0.') ? 'x.x' : 'x'}") }}

requirements:
  host:
    - nodejs ${engines.node}
  run:
    - nodejs ${engines.node}

test:
  commands:
    - xenograd --version
    - xenograd check --device wasm
    - "printf '>read\\nACGTACGTACGTACGT\\n' | xenograd score --quiet | grep -P '^read\\t16\\t0.5'"

about:
  home: https://www.npmjs.com/package/{{ name }}
  license: ${license}
  license_family: ${license}
  license_file: LICENSE
  summary: ${JSON.stringify(description)}
`)
