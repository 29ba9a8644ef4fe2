#!/usr/bin/env bash
# Tokenises files of captions with Stanford CoreNLP 3.4.1, as the COCO caption evaluation code calls it.
# Needs Java and Maven. `./make-ptb-goldens.sh captions.composed.txt …` writes captions.composed.tokens.txt beside each.
set -euo pipefail

jars=$(mktemp -d)
trap 'rm -rf "$jars"' EXIT
mvn -q dependency:copy -Dartifact=edu.stanford.nlp:stanford-corenlp:3.4.1 -DoutputDirectory="$jars"

for captions in "$@"; do
  tokens="${captions%.txt}.tokens.txt"
  java -Dfile.encoding=UTF-8 -cp "$jars/stanford-corenlp-3.4.1.jar" edu.stanford.nlp.process.PTBTokenizer \
    -preserveLines -lowerCase "$captions" > "$tokens" 2> "$jars/log"
  if [ "$(wc -l < "$captions")" != "$(wc -l < "$tokens")" ]; then
    echo "$captions: a line was split or lost" >&2
    exit 1
  fi
  echo "$tokens: $(wc -l < "$tokens") lines"
done
