"""Adds up the JUnit files of one ./test: names what failed, with the end of its output, then prints the one line.

In continuous integration a skipped test is a failure: ./test installs whatever a test needs.
"""

import os
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

OUTPUT_LINES = 25


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def output(case):
    texts = [part.text or "" for part in case if part.tag in ("failure", "error", "system-out", "system-err")]
    return "\n".join(texts).strip().splitlines()[-OUTPUT_LINES:]


def main(folder):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sorted(Path(folder).glob("*.xml")):
        for case in xml.parse(path).iter("testcase"):
            result = outcome(case)
            counts[result] += 1
            if result == "failed":
                print(f"FAILED {path.stem}: {case.get('name')}")
                print("".join(f"    {line}\n" for line in output(case)), end="")
            elif result == "skipped":
                print(f"skipped {path.stem}: {case.get('name')}")
    print(", ".join(f"{count} {result}" for result, count in counts.items()))
    not_run = counts["skipped"] and os.environ.get("CI") == "true"
    return 1 if counts["failed"] or not_run or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
