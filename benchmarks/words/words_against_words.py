"""How well synonyms that are written nowhere find their icon, with and without words compared with words.

    python benchmarks/words/words_against_words.py RUN [--words ENCODER] [--choose]

RUN is an encoder of icons (`runs/demo`, `builtin:icons`), ENCODER one of texts that compares the words; left out, RUN's
own text tower does. The library is `icons?set=solid&hide=term`, a query the term that was hidden from it and from RUN's
training. The weights (`search/rank/fuse.py`) were chosen on the names of fold 0 (`--choose` prints the table) and are
reported on the others: R@1 and R@10 of BM25, of the pictures' vectors, of the words alone, and of a search without and
with them.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path

import numpy as np

from sightline.data.array import unit
from sightline.data.sources.icons import hidden_term, icon_entries, names_of_split
from sightline.data.sources.source import open_source
from sightline.search.encoder import open_encoder, words_encoder
from sightline.search.index import Index
from sightline.search.rank import fuse, rank

KS, WEIGHTS = (5, 10, 20), (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--words", help="an encoder of texts")
    parser.add_argument("--choose", action="store_true", help="the table of K and weights on fold 0")
    args = parser.parse_args()
    encoder = open_encoder(args.run)
    compare(encoder, open_encoder(args.words) if args.words else words_encoder(encoder), args.choose)


def compare(encoder, words, choose=False):
    """Prints the figures of a library by `encoder` whose words are compared by `words`."""
    with tempfile.TemporaryDirectory() as folder, Index(Path(folder) / "i.db", words=lambda _: words) as index:
        index.add(open_source("icons?set=solid&hide=term"), encoder)
        ids = {hit.name: hit.id for hit in index.browse(len(icon_entries()))}
        asked = {entry.name: hidden_term(entry) for entry in icon_entries("solid")}
        first = names_of_split([entry.name for entry in icon_entries()], "test", 0)
        queries = [(term, ids[name]) for name, term in asked.items() if term and name not in first]
        chosen = [(term, ids[name]) for name, term in asked.items() if term and name in first]
        if choose:
            print(f"fold 0, {len(chosen)} synonyms: K, weight of words against words, R@10 fused")
            for k, weight in product(KS, WEIGHTS):
                fuse.K, rank.SAID = k, weight
                found = ranks(index, encoder, chosen, "fused", words=True)
                print(f"{k:4} {weight:4} {np.mean(found <= 10):.3f}", flush=True)
            return
        print(f"{len(queries)} synonyms of folds 1 to 4 among {len(ids):,} icons: R@1, R@10")
        rows = {
            "words (BM25)": ranks(index, encoder, queries, "words"),
            "pictures": ranks(index, encoder, queries, "vectors"),
            "words against words": ranks(index, encoder, queries, "said", words=True),
            "fused without": ranks(index, encoder, queries, "fused"),
            "fused": ranks(index, encoder, queries, "fused", words=True),
        }
        for name, found in rows.items():
            print(f"{name:20} {np.mean(found <= 1):.3f} {np.mean(found <= 10):.3f}", flush=True)


def ranks(index, encoder, queries, mode, *, words=False):
    """The rank of the right picture of each query."""
    vectors = unit(encoder.encode_text([query for query, _ in queries]))
    found = []
    for (query, right), vector in zip(queries, vectors, strict=True):
        ranking = index.ranking(query, vector, mode, encoder if words else None)
        found.append(ranking.ranks[np.searchsorted(ranking.ids, right)])
    return np.array(found)


if __name__ == "__main__":
    main()
