"""Secrets made up from recipes, so that none stands in a file: random letters behind the beginnings that providers use."""

import random
import re
import string
from pathlib import Path

CORPORA = Path(__file__).parent / "write" / "safe" / "corpora"
_LETTERS = {
    "A": string.ascii_letters + string.digits,
    "W": string.ascii_letters + string.digits + "_-",
    "H": string.digits + "abcdef",
    "U": string.ascii_uppercase + string.digits,
    "D": string.digits,
    "L": string.ascii_lowercase,
    "P": string.ascii_letters + string.digits + "!#%^*+=?/",
}
_PIECE = re.compile(r"\{([AWHUDLP])([0-9]+)\}")


def made(recipe, seed=0):
    """One secret by a recipe such as `ghp_{A36}`; the same for the same seed."""
    rng = random.Random(f"{recipe} {seed}")

    def piece(match):
        letters = "".join(rng.choice(_LETTERS[match[1]]) for _ in range(int(match[2])))
        # Real ones have digits in them; a piece of four letters may have none.
        return letters[:-1] + rng.choice("3456789") if match[1] in "AWPU" and len(letters) > 5 else letters

    return _PIECE.sub(piece, recipe)


def recipes(name):
    """The lines of a corpus, split at tabs, without comments."""
    lines = (CORPORA / name).read_text("utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
