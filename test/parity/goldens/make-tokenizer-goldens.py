"""Writes tokenizer-goldens.json: awkward texts and their ids by transformers' GPT2Tokenizer and CLIPTokenizer.

usage: python make-tokenizer-goldens.py MODELS_DIR   (a directory with gpt2/ and clip/; needs transformers only)
"""
import json, pathlib, random, sys
from transformers import CLIPTokenizer, GPT2Tokenizer

HAND_WRITTEN = [
    '', ' ', '  ', '\n', '\t\t', ' \n ', 'a', ' a', 'a ', '  a  b  ', 'A red car.', "it's we've I'm they'll he'd 'twas rock 'n' roll",
    "IT'S WE'VE I'M THEY'LL", "''s'' 't''re", "don’t", 'ends with spaces   ', '   starts with spaces', 'tabs\tand\nnewlines\r\nmixed \u00a0 nbsp',
    'line\u2028separator\u2029paragraph', 'next\u0085line', 'zero\u200bwidth', 'bom\ufeffinside', '\ufeffbom first', 'soft\u00adhyphen', 'thin\u2009space\u3000ideographic',
    'Zürich ☔ umbrella, 2 kites!', 'ＦＵＬＬ　ＷＩＤＴＨ １２３', 'İstanbul ığdır ŞİŞE', 'ΟΔΥΣΣΕΥΣ ΣΑΣ Σ', 'STRASSE Straße ẞ', 'ﬁ ligature ﬀ', 'e\u0301 cafe\u0301 café', 'A\u030a Å Å',
    'नमस्ते दुनिया', 'สวัสดีชาวโลก', 'こんにちは世界', '안녕 하세요', 'שלום עולם', 'مرحبا ١٢٣', '👩‍👩‍👧‍👦 family 🏳️‍🌈 flag 🇨🇭', '🤷🏽‍♀️', 'a\u0300\u0301\u0302b', '\U0001d54f math \U0001d7d9',
    '1234567890', '3.14159', '1,000,000', '½ ² Ⅷ ①', 'x² + y² = z²', '10% off!!! $5.00', 'C++ #1 @home', '!!!???...', '-- --- —', '...leading', '(parenthesis) [bracket] {brace}',
    '<|endoftext|>', '<|startoftext|>', 'a<|endoftext|>b', ' <|endoftext|> ', '<|endoftext|><|endoftext|>', '<|ENDOFTEXT|>', '<|endoftext', 'endoftext|>', '<|startoftext|>a cat<|endoftext|>',
    '</w>', 'a</w> b</w>', 'Ġ Ġa ĠĠ', 'Ċ ċ Ā ł', '\x00 null \x01\x7f', '\x1b[31mred\x1b[0m', '\\n \\t "quoted" \'single\'', 'http://example.org/a?b=c&d=%20', 'user@example.org', 'snake_case camelCase kebab-case',
    'a' * 50, 'ab' * 40, '!' * 30, ' ' * 30, 'the ' * 60, 'a\nb\n\nc\n\n\nd', "'", "'s", "' s", "s'", "'''", "'S'T'RE",
    'A blue hat next to a purple flower and a white flower on a snowy hill on a sunny day.', 'three balloons over the sea', 'A picture of a dog.\nThe dog is red.',
]

def random_texts(count):
    draw = random.Random(20261120)
    alphabets = ["abc 'stre.,!", 'éüßøåæ ÀÉÎ', '0123456789 .,-', ' \t\n\u00a0\u2003x', '日本語かな ', '🙂🚲☔ a', "redgnblu witha '", '<|endoftx>/w ', 'ΣσςΩ İIıi ', 'क्षि ्ा a']
    for _ in range(count):
        letters = draw.choice(alphabets) + draw.choice(alphabets)
        yield ''.join(draw.choice(letters) for _ in range(draw.randint(1, 40)))

def main(models):
    gpt2 = GPT2Tokenizer.from_pretrained(f'{models}/gpt2')
    clip = CLIPTokenizer.from_pretrained(f'{models}/clip')
    texts = HAND_WRITTEN + list(random_texts(120))
    golden = []
    for text in texts:
        ids = gpt2.encode(text)
        golden.append({'text': text, 'gpt2': ids, 'decoded': gpt2.decode(ids), 'clip': clip.encode(text, truncation=True)})
    # byte sequences that are no UTF-8 once cut
    cut = [ids[:n] for ids in (gpt2.encode('Zürich ☔ 🚲'),) for n in range(len(ids))]
    path = pathlib.Path(__file__).with_name('tokenizer-goldens.json')
    with path.open('w') as file:
        json.dump({'encode': golden, 'decode': [{'ids': ids, 'text': gpt2.decode(ids)} for ids in cut]}, file, separators=(',', ':'))

main(sys.argv[1])
