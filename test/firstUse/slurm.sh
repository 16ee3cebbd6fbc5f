# A job with a time limit: Slurm ends it with SIGTERM, and the same command, submitted again, goes on.
# Here: in_tr, a folder of reads.
set -euo pipefail

job=(xenograd train --in_tr_data_dir=in_tr --hidden_lstm_size=16 --seq_len=50 --batch_size=20 --val_freq=1000000
  --log_freq=10)

# The limit comes when some steps are done, which metrics.jsonl says.
"${job[@]}" --out_dir=out/limited 2> first.log &
until [ "$(cat out/limited/*/metrics.jsonl 2> /dev/null | wc -l)" -ge 2 ]; do sleep 0.05; done
kill -TERM $!
wait $! || echo "exit code $?"
newest=$(ls out/limited/*/model | grep -o '^model_[0-9]*' | sort -V | tail -1)
echo "checkpoint $newest"

# A run that nobody ended has the same model some steps later.
steps=$((${newest#model_} + 21))
"${job[@]}" --out_dir=out/limited --num_steps=$steps 2> second.log
grep 'goes on at step' second.log
"${job[@]}" --out_dir=out/uninterrupted --num_steps=$steps -q
cmp out/*/*/model/model_$((steps - 1)).safetensors && echo "bit for bit"
