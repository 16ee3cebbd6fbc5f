# A researcher with a recurrent cell of their own, in a folder without any package: xenograd is installed globally.
# Here: in_tr, in_val and ood_val, folders of reads in the reference's layout.
set -euo pipefail

cat > minimal.mjs <<'CELL'
import { concat, defineCell } from 'xenograd'
export const minimal = defineCell({
  name: 'minimal',
  parameters: ({ input, hidden }) => ({
    gate_kernel: [input + hidden, hidden],
    gate_bias: { shape: [hidden], value: 1 },
    kernel: [input + hidden, hidden],
    bias: [hidden],
  }),
  carry: ['h'],
  step: (p, { h }, x, dropout) => {
    const forget = concat([x, h], 1).matmul(p.gate_kernel).add(p.gate_bias).sigmoid()
    const candidate = dropout(concat([x, forget.mul(h)], 1).matmul(p.kernel).add(p.bias).tanh())
    const next = h.add(forget.mul(candidate.sub(h)))
    return { carry: { h: next }, out: next }
  },
})
CELL
xenograd check --cell ./minimal.mjs

sed 's/p.kernel/p.kernl/' minimal.mjs > typo.mjs
xenograd check --cell ./typo.mjs | head -1 || true
echo 'export const cell = {' > broken.mjs
xenograd check --cell ./broken.mjs || true

xenograd train --cell ./minimal.mjs --in_tr_data_dir=in_tr --in_val_data_dir=in_val --ood_val_data_dir=ood_val \
  --hidden_lstm_size=8 --seq_len=50 --batch_size=20 --num_steps=20 --val_freq=10 --out_dir=out -q
# Which cell a model is of does not run code: the command line names the file. (`out` is the folder with the run.)
xenograd info out || true
xenograd info out --cell ./minimal.mjs | grep -E '^(cell|hidden)'
xenograd score -m out --cell ./minimal.mjs in_val/*.fa -q | wc -l
xenograd convert out minimal.safetensors --cell ./minimal.mjs
