"""Modules of the report page, joined into one text."""

import pytest
from stemma.report.bundle import bundle


def modules(**texts):
    """Reads what a folder with these files would have."""
    return {f"{name}.js": text for name, text in texts.items()}.__getitem__


def test_dependencies_come_first_and_once():
    read = modules(
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\nconsole.log(a, b());\n',
        a='import { b } from "./b.js";\nexport const a = b() + 1;\n',
        b="export function b() {\n  return 1;\n}\nconst own = 2;\n",
    )
    assert (
        bundle(read, "main.js")
        == """"use strict";
const module_b = (() => {
function b() {
  return 1;
}
const own = 2;
return { b };
})();
const module_a = (() => {
const { b } = module_b;
const a = b() + 1;
return { a };
})();
const module_main = (() => {
const { a } = module_a;
const { b } = module_b;
console.log(a, b());
return {  };
})();"""
    )


def test_a_circle_is_refused():
    read = modules(main='import { a } from "./a.js";\n', a='import { m } from "./main.js";\nexport const a = m;\n')
    with pytest.raises(ValueError, match=r"main.js -> a.js -> main.js: modules import each other in a circle"):
        bundle(read, "main.js")


@pytest.mark.parametrize(
    "text",
    [
        "export default 1;\n",
        "export let a = 1;\n",
        'import * as a from "./a.js";\n',
        'import { a } from "elsewhere";\n',
    ],
)
def test_other_forms_are_refused(text):
    read = modules(main=text, a="export const a = 1;\n")
    with pytest.raises(ValueError, match="a form of import or export that bundle.py does not know"):
        bundle(read, "main.js")
