"""Writes tokenizer.json here: what Hugging Face's GPT-2 tokenizer makes of texts with models/demo-ru's vocabulary.

    python test/learning/russian/tokenizer_goldens.py    (needs transformers)
"""

import json
import unicodedata
from pathlib import Path

from transformers import GPT2Tokenizer

HERE = Path(__file__).parent
BASE = HERE / "../../../models/demo-ru/gpt2"
TEXTS = [
    "Красный шарик над тремя зелёными стульями на пляже.",
    "Три чёрные собаки на городской улице днём.",
    "Жёлтый воздушный змей, две синие птицы и маленькое яблоко.",
    unicodedata.normalize("NFD", "Жёлтый змей и синий ёж."),
    "ПРОПИСНЫЕ буквы: ЁЖ, Щука — «кавычки», №7, 25 руб., и т. д.",
    "Слово-через-дефис, объём, подъезд; a red cat's hat, naïve café.",
    "Ελληνικά, 中文, हिन्दी, 👍🏽 и\tтабуляция\n\nновая  строка  ",
    "<|endoftext|>Кот.<|endoftext|>",
    "",
]

tokenizer = GPT2Tokenizer(str(BASE / "vocab.json"), str(BASE / "merges.txt"))
goldens = [{"text": text, "ids": tokenizer.encode(text)} for text in TEXTS]
(HERE / "tokenizer.json").write_text(json.dumps(goldens, ensure_ascii=False, indent=1) + "\n")
