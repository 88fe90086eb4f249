"""The Python of the README runs when it is pasted, block after block, and returns what it says."""

import ast
import pathlib
import re

README = pathlib.Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def quoted_result(line):
    """The number that the comment of a line begins with, and its decimals, or None."""
    found = re.search(r"  # (-?\d+)(?:\.(\d+))?(?![\w.])", line)
    return found and (float(found[0].removeprefix("  # ")), len(found[2] or ""))


def run(block, names):
    """Run a block, statement by statement; compare numbers in comments with what is returned."""
    n_compared, lines = 0, block.splitlines()
    for statement in ast.parse(block).body:
        code = ast.unparse(statement)
        quoted = quoted_result(lines[statement.end_lineno - 1])
        if not isinstance(statement, ast.Expr) or quoted is None:
            exec(code, names)
            continue
        result, (expected, decimals) = eval(code, names), quoted
        if isinstance(result, dict):
            (result,) = result.values()
        # Sums are taken in another order on other processors, which training amplifies.
        assert abs(result - expected) <= 2 * 10**-decimals, f"{code} is {result}, not {expected}"
        n_compared += 1
    return n_compared


def test_snippets_run_in_order_and_return_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    assert [run(block, names) for block in BLOCKS] == [1, 1]
