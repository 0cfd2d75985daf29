"""The scripts of the page as one text.

Files in assets/ are ECMAScript modules. A page that is opened from a file can import nothing: a few lines here join
them. So there are two rules beyond the language. Imports are `import { a, b } from "./file.js";`, exports are
declarations (`export function f`, `export const c`, `export class C`) that are never assigned again. Each module
becomes a function that returns its exports.
"""

import re

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(read, main):
    """The module `main` with all that it imports, each once, dependencies first. `read` gives the text of a file."""
    parts, open_ = {}, []

    def add(name):
        if name in parts:
            return
        if name in open_:
            raise ValueError(f"{' -> '.join([*open_, name])}: modules import each other in a circle")
        open_.append(name)
        text = read(name)
        for _, other in _IMPORT.findall(text):
            add(other)
        parts[name] = _as_function(name, text)
        open_.pop()

    add(main)
    return '"use strict";\n' + "\n".join(parts.values())


def _as_function(name, text):
    exports = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub(
        "", _IMPORT.sub(lambda found: f"const {{{found.group(1)}}} = {_variable(found.group(2))};\n", text)
    )
    if found := _OTHER.search(body):
        raise ValueError(f"{name}: {found.group()}: a form of import or export that bundle.py does not know")
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _variable(name):
    return "module_" + re.sub(r"\W", "_", name.removesuffix(".js"))
