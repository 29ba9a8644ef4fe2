"""Scores captions with the COCO caption evaluation code itself (pycocoevalcap 1.2 on numpy 2.4.6, Java for its
tokeniser): the demo mappers' captions of the 1,000 test pictures, and captions.composed.txt, six lines a picture.

    pip install pycocoevalcap==1.2 && python3 make-metric-goldens.py > metrics.json

Its `Cider` is the CIDEr-D of the paper: clipped, with a Gaussian length penalty. `ciderPlain` here is the same code without
those two, which is the CIDEr of its authors' own repository.
"""

import json
import math
import pathlib

import numpy
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider_scorer import CiderScorer
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

HERE = pathlib.Path(__file__).parent
IMAGES = HERE.parent / "images"
FEW = 50


class PlainCiderScorer(CiderScorer):
    """CIDEr before the D: no clipping to the reference's weight, no penalty for another length."""

    def compute_cider(self):
        self.ref_len = math.log(len(self.crefs))
        return [self.score(test, refs) for test, refs in zip(self.ctest, self.crefs)]

    def score(self, test, refs):
        mine = self.vectors(test)
        return 10 * numpy.mean([[self.cosine(a, b) for a, b in zip(mine, self.vectors(ref))] for ref in refs])

    def vectors(self, counts):
        vectors = [{} for _ in range(self.n)]
        for gram, count in counts.items():
            weight = self.ref_len - math.log(max(1.0, self.document_frequency[gram]))
            vectors[len(gram) - 1][gram] = count * weight
        return vectors

    @staticmethod
    def cosine(a, b):
        norms = math.hypot(*a.values()) * math.hypot(*b.values())
        return sum(weight * b.get(gram, 0.0) for gram, weight in a.items()) / norms if norms else 0.0


def fixed(scorer_class, references):
    """A scorer with the document frequencies of all `references`, whichever pictures it scores."""

    class FixedScorer(scorer_class):
        def compute_doc_freq(self):
            corpus = scorer_class()
            for refs in references:
                corpus += ("", refs)
            corpus.compute_doc_freq()
            self.document_frequency = corpus.document_frequency

        def compute_score(self):
            self.compute_doc_freq()
            scores = self.compute_cider()
            return numpy.mean(scores), scores

        def __setattr__(self, name, value):
            super().__setattr__(name, math.log(len(references)) if name == "ref_len" and value is not None else value)

    return FixedScorer


def cider(scorer_class, references, hypotheses):
    scorer = scorer_class()
    for refs, hypothesis in zip(references, hypotheses):
        scorer += (hypothesis, refs)
    return scorer.compute_score()


def tokenise(captions):
    tokenised = PTBTokenizer().tokenize({n: [{"caption": text} for text in texts] for n, texts in enumerate(captions)})
    return [tokenised[n] for n in range(len(captions))]


def scores(references, hypotheses):
    references = tokenise(references)
    hypotheses = [hypothesis for [hypothesis] in tokenise([[text] for text in hypotheses])]
    gts = dict(enumerate(references))
    res = {n: [hypothesis] for n, hypothesis in enumerate(hypotheses)}
    bleu, bleus = Bleu(4).compute_score(gts, res, verbose=0)
    rouge, rouges = Rouge().compute_score(gts, res)
    plain, plains = cider(PlainCiderScorer, references, hypotheses)
    ciderd, ciderds = cider(CiderScorer, references, hypotheses)
    few = references[:FEW], hypotheses[:FEW]
    return {
        "corpus": rounded({"bleu": bleu, "rougeL": rouge, "ciderPlain": plain, "ciderD": ciderd}),
        "perImage": rounded({"bleu": bleus, "rougeL": rouges, "ciderPlain": plains, "ciderD": ciderds}),
        "firstFewWithFrequenciesOfAll": rounded(
            {
                "count": FEW,
                "ciderPlain": cider(fixed(PlainCiderScorer, references), *few)[0],
                "ciderD": cider(fixed(CiderScorer, references), *few)[0],
            }
        ),
    }


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, numpy.ndarray)):
        return [rounded(entry) for entry in value]
    return value if isinstance(value, int) else round(float(value), 9)


def demo(mapper):
    captions = json.loads((IMAGES / "captions.json").read_text("utf8"))
    id_of_file = {image["file_name"]: image["id"] for image in captions["images"]}
    texts = {}
    for annotation in captions["annotations"]:
        texts.setdefault(annotation["image_id"], []).append(annotation["caption"])
    generated = json.loads((IMAGES / f"generated.test.{mapper}.json").read_text("utf8"))
    references = [texts[id_of_file[f"test/{entry['file']}"]] for entry in generated]
    return scores(references, [entry["caption"] for entry in generated])


def composed():
    lines = (HERE / "captions.composed.txt").read_text("utf8").split("\n")[:-1]
    pictures = [lines[n : n + 6] for n in range(0, len(lines), 6)]
    hypotheses = [picture[0] for picture in pictures]
    references = [picture[1 : 2 + n % 5] for n, picture in enumerate(pictures)]
    hypotheses[0] = "."
    hypotheses[1] = references[1][-1]
    return scores(references, hypotheses)


if __name__ == "__main__":
    print(json.dumps({"mlp": demo("mlp"), "transformer": demo("transformer"), "composed": composed()}))
