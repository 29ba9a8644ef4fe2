"""Takes lines of prose from permissively licensed texts found on the machine: docstrings of Python's standard library
(PSF licence) and READMEs of installed npm packages (MIT, ISC, BSD or Apache-2.0). Prints one a line; a fixed sample of
what is there, so another machine's versions give other lines.

    python3 extract-sentences.py NODE_MODULES 1200 > captions.extracted.txt
"""

import ast
import hashlib
import json
import pathlib
import re
import sys
import sysconfig

PERMISSIVE = {"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"}


def docstrings():
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.glob("*.py")) + sorted(library.glob("[a-z]*/*.py")):
        if "test" in path.parts or "site-packages" in path.parts:
            continue
        try:
            tree = ast.parse(path.read_text("utf8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                yield ast.get_docstring(node) or ""


def readmes(node_modules):
    for readme in sorted(node_modules.glob("*/README.md")) + sorted(node_modules.glob("@*/*/README.md")):
        manifest = json.loads((readme.parent / "package.json").read_text("utf8"))
        if manifest.get("license") in PERMISSIVE and not manifest.get("name", "").startswith("@housestyle/"):
            yield re.sub(r"```.*?```", "", readme.read_text("utf8"), flags=re.S)


def lines_of_prose(texts):
    for text in texts:
        for line in text.splitlines():
            line = re.sub(r"^[\s#>*+-]+", "", line).strip()
            if 30 <= len(line) <= 180 and len(line.split()) >= 5 and line.isprintable():
                yield line


def sample(lines, count):
    distinct = sorted(set(lines), key=lambda line: hashlib.sha256(line.encode()).hexdigest())
    return distinct[:count]


if __name__ == "__main__":
    half = int(sys.argv[2]) // 2
    chosen = sample(lines_of_prose(docstrings()), half)
    chosen += sample(lines_of_prose(readmes(pathlib.Path(sys.argv[1]))), half)
    print("\n".join(chosen))
