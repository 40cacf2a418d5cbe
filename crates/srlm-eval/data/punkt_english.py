"""Writes punkt_english.txt from NLTK's English Punkt parameters, the folder punkt_tab/english of nltk_data.

usage: python punkt_english.py path/to/punkt_tab/english > punkt_english.txt
"""

import sys
import textwrap
from pathlib import Path

BEGINNING_CAPITAL, INSIDE_CAPITAL, OPEN_CAPITAL = 2, 4, 8
BEGINNING_SMALL, INSIDE_SMALL, OPEN_SMALL = 16, 32, 64
CAPITAL = BEGINNING_CAPITAL | INSIDE_CAPITAL | OPEN_CAPITAL
SMALL = BEGINNING_SMALL | INSIDE_SMALL | OPEN_SMALL

HEADER = """\
# What decides in the English Punkt parameters of NLTK's data (punkt_tab; Apache-2.0), learned by Jan Strunk from the
# Wall Street Journal part of the Penn Treebank. Written by punkt_english.py. Sections, a blank line between each two:
# abbreviations, collocations, sentence starters, words seen small and never capital inside a sentence, words seen
# small and capital inside a sentence, words seen small at the beginning of a sentence and never capital."""


def main(folder: Path) -> None:
    def lines(name):
        return (folder / name).read_text(encoding="utf-8").split("\n")

    contexts = [line.split("\t") for line in lines("ortho_context.tab") if line]
    contexts = {word: int(flags) for word, flags in contexts}
    sections = [
        # ". . " holds blanks; the code knows it.
        [word for word in lines("abbrev_types.txt") if word and " " not in word],
        [line.replace("\t", "_") for line in lines("collocations.tab") if line],
        [word for word in lines("sent_starters.txt") if word],
        [w for w, flags in contexts.items() if flags & SMALL and not flags & INSIDE_CAPITAL],
        [w for w, flags in contexts.items() if flags & SMALL and flags & INSIDE_CAPITAL],
        [w for w, flags in contexts.items() if flags & BEGINNING_SMALL and not flags & CAPITAL],
    ]
    print(HEADER)
    blocks = []
    for words in sections:
        assert not any(" " in word for word in words)
        wrapped = textwrap.wrap(" ".join(sorted(words)), 119, break_long_words=False, break_on_hyphens=False)
        blocks.append("\n".join(wrapped))
    print("\n\n".join(blocks))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
