"""Rules of the house that a program can check. Each ban names what to write instead."""

import re

import pytest
import tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 120

# Folders whose code is a function of its inputs: the search, and what it is made of.
PURE = ["core", "space", "sampler", "scheduler", "manager"]
# Where memory of large blocks comes from (pages, kept blocks) changes no result; ARCHITECTURE.md has the decision.
PURE_EXCEPT = {"core/large_blocks.cpp"}

PURE_BANS = [
    (r"#\s*include\s*<(chrono|ctime|time\.h|sys/time\.h)>", "time is a field of the input"),
    (r"#\s*include\s*<(random|cstdlib|stdlib\.h)>", "Stream of core/rng.hpp, keyed by what the number is for"),
    (
        r"#\s*include\s*<(iostream|fstream|filesystem|cstdio|stdio\.h)>",
        "return a value; app/, record/ and runtime/ do I/O",
    ),
    (r"#\s*include\s*<(thread|mutex|condition_variable|future|shared_mutex)>", "worker/ or runtime/ for threads"),
    (r"#\s*include\s*<(unistd\.h|sys/[a-z]+\.h|fcntl\.h|csignal|signal\.h)>", "platform/ asks the machine"),
    (r"\bstd::chrono\b|\btime\(\s*(nullptr|NULL|0)\s*\)", "time is a field of the input"),
    (r"\bthread_local\b", "a member of the machine's state"),
]

# (pattern, where below src/ it is right, what to write elsewhere)
BANS = [
    (r"\bassert\s*\(", (), "ensure() of core/error.hpp, which release builds keep"),
    (r"\busing namespace std\b", (), "std:: before each name"),
    (r"\b(s?rand|drand48|random)\s*\(\)|\brandom_device\b|\bmt19937", ("app",), "Stream of core/rng.hpp"),
    (
        r"\bgetenv\s*\(|\benviron\b",
        (
            "platform",
            "transport",
        ),
        "platform/launch.hpp, read_environment()",
    ),
    (r"\bstd::(cout|cerr|clog)\b", ("app",), "return text, or log; app/ prints"),
    (
        r"(?<![:.>_\w])(exit|_exit|quick_exit|abort)\s*\(|\bstd::(exit|_Exit|quick_exit|abort|terminate)\b",
        ("app",),
        "throw UserError, or ensure()",
    ),
    (
        r"\bMPI_(Barrier|Bcast|Reduce|Allreduce|Gather|Allgather|Scatter|Alltoall)\b",
        ("transport/mpi/selfcheck", "transport/mpi/mpi_agree", "transport/mpi/wakeups"),
        "point-to-point messages: no collective after start-up",
    ),
    (r"\b(sprintf|strcpy|strcat|gets|atoi|atof|strtok)\s*\(", (), "fmt::format, std::string, std::from_chars"),
    # transport/mpi gives up buffers that MPI may still write to.
    (r"\bnew\s+[A-Za-z_:]+\s*[({\[]", ("transport",), "std::make_unique, std::vector"),
    (r"\b(catch)\s*\(\s*\.\.\.\s*\)\s*\{\s*\}", (), "handle it, or let it through"),
]


def lines_of(path):
    return tree.without_comments_and_texts(path.read_text()).splitlines()


@pytest.mark.parametrize("folder", PURE)
def test_pure_folders_ask_nobody(folder):
    wrong = []
    for path in tree.cxx_files(tree.SRC / folder):
        if path.relative_to(tree.SRC).as_posix() in PURE_EXCEPT:
            continue
        for number, line in enumerate(lines_of(path), 1):
            wrong += [
                f"{tree.place(path, number)}: {line.strip()}\n    instead: {instead}"
                for pattern, instead in PURE_BANS
                if re.search(pattern, line)
            ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", PURE)
def test_no_decision_iterates_over_an_unordered_container(folder):
    """Its order differs between standard libraries, so replay elsewhere would differ. Look-ups are fine."""
    files = tree.cxx_files(tree.SRC / folder)
    names = set()
    for path in files:
        text = tree.without_comments_and_texts(path.read_text())
        names |= set(re.findall(r"\bunordered_(?:map|set)<[^;{}]*>\s*&?\s*(\w+)\s*[;{=,)]", text))
    wrong = []
    for path in files:
        for number, line in enumerate(lines_of(path), 1):
            loop = re.search(r"\bfor\s*\(.*:\s*(?:\w+(?:\.|->))*(\w+)\s*\)", line)
            begin = re.search(r"\b(\w+)\.c?begin\(\)", line)
            for match in (loop, begin):
                if match and match.group(1) in names:
                    wrong.append(
                        f"{tree.place(path, number)}: {line.strip()}\n"
                        f"    instead: std::map, or a vector in order of ids"
                    )
    assert not wrong, "\n".join(wrong)


def test_banned_calls():
    wrong = []
    for path in tree.cxx_files(tree.SRC):
        name = path.relative_to(tree.SRC).as_posix()
        for number, line in enumerate(lines_of(path), 1):
            wrong += [
                f"{tree.place(path, number)}: {line.strip()}\n    instead: {instead}"
                for pattern, homes, instead in BANS
                if not name.startswith(homes) and re.search(pattern, line)
            ]
    assert not wrong, "\n".join(wrong)


def test_files_are_short_and_narrow():
    wrong = []
    for path in [*tree.cxx_files(tree.SRC, tree.ROOT / "tests"), *sorted((tree.ROOT / "analysis").rglob("*.js"))]:
        lines = path.read_text().splitlines()
        if len(lines) > FILE_LINES_MAX:
            wrong.append(f"{tree.place(path, len(lines))}: {len(lines)} lines; split it (at most {FILE_LINES_MAX})")
        wrong += [
            f"{tree.place(path, number)}: {len(line)} columns (at most {COLUMNS_MAX}); run the formatter"
            for number, line in enumerate(lines, 1)
            if len(line) > COLUMNS_MAX
        ]
    assert not wrong, "\n".join(wrong)


def test_functions_are_short():
    """By indentation, which clang-format keeps: from a line that opens a body to the } in the same column."""
    wrong = []
    for path in tree.cxx_files(tree.SRC):
        opened = {}
        for number, line in enumerate(lines_of(path), 1):
            indent = len(line) - len(line.lstrip())
            opens_body = re.search(r"\)[^;={}]*\{$", line) and not re.match(
                r"\s*(if|for|while|switch|else|catch|\})", line
            )
            if indent <= 8 and opens_body:
                opened[indent] = number
            elif line.strip().startswith("}") and indent in opened:
                length = number - opened.pop(indent) + 1
                if length > FUNCTION_LINES_MAX:
                    wrong.append(
                        f"{tree.place(path, number - length + 1)}: a body "
                        f"of {length} lines (at most {FUNCTION_LINES_MAX})"
                    )
    assert not wrong, "\n".join(wrong)


def test_headers_are_guarded():
    wrong = [
        tree.place(path, 1)
        for path in tree.cxx_files(tree.SRC, tree.ROOT / "tests")
        if path.suffix == ".hpp" and "#pragma once" not in path.read_text()
    ]
    assert not wrong, "write #pragma once in: " + ", ".join(wrong)


def external_names(path):
    """(qualified name, line) of types, inline constants and inline functions with external linkage that a file defines
    at the level of namespaces. A function's name has its parameters, so that overloads differ."""
    spaces = []
    lines = lines_of(path)
    for number, line in enumerate(lines, 1):
        if opened := re.match(r"(?:inline )?namespace ?([\w:]*) ?\{", line):
            spaces.append(opened.group(1))
        elif re.match(r"\}\s*$", line) and spaces and namespace_ends(path, number):
            spaces.pop()
        if "" in spaces:
            continue
        name = None
        if defined := re.match(
            r"(?:struct|class|union|enum class|enum) (?:alignas\([^)]*\) )?(\w+)\b(?!<|::)[^;]*\{", line
        ):
            name = defined.group(1)
        elif defined := re.match(
            r"inline (?:constexpr |const |constinit )*[\w:<>, ]+[ &*](\w+)(?:\[\w*\])?\s*(?:=|\{|$)", line
        ):
            name = defined.group(1)
        elif re.match(r"(?:inline|constexpr|template)\b.*\(", line) or (
            number > 1 and lines[number - 2].startswith("template")
        ):
            text = " ".join(lines[number - 1 : number + 3])
            if defined := re.match(r"[^(=]*?[ &*](\w+)\(([^)]*)\)[^;{]*\{", text):
                types = [
                    re.sub(r"\s+\w+$", "", parameter.split("=")[0].strip()) for parameter in defined.group(2).split(",")
                ]
                name = f"{defined.group(1)}({', '.join(types)})"
        if name:
            yield "::".join([*spaces, name]), number


def namespace_ends(path, number):
    return path.read_text().splitlines()[number - 1].startswith("}  // namespace")


def test_a_name_with_external_linkage_is_defined_once():
    """Two files that each define a type, constant or inline function of one qualified name break the program silently:
    the linker keeps one of them for both."""
    homes = {}
    for path in tree.cxx_files(tree.SRC):
        for name, number in external_names(path):
            homes.setdefault(name, []).append(tree.place(path, number))
    kinds = [name for name in homes if name.endswith(")")], [name for name in homes if re.search(r"::[a-z_]+$", name)]
    assert len(homes) > 400 and all(len(kind) > 20 for kind in kinds), "definitions are not understood any more"
    twice = [
        f"{name}: {', '.join(places)}"
        for name, places in homes.items()
        if len({place.split(":")[0] for place in places}) > 1
    ]
    assert not twice, "\n".join(twice)


def test_external_names_are_found(tmp_path):
    """The check sees what it is for."""
    path = tmp_path / "a.hpp"
    path.write_text("""namespace stemma {
inline constexpr int version = 1;
struct Row {
    int a;
};
inline double half(double x, int) { return x / 2; }
template <class T>
T twice(const T& value) {
    return value;
}
namespace detail {
enum class Kind : int { a };
}  // namespace detail
namespace {
struct Hidden {};
}  // namespace
struct Last {};
int declared(int);
}  // namespace stemma
""")
    assert [name for name, _ in external_names(path)] == [
        "stemma::version",
        "stemma::Row",
        "stemma::half(double, int)",
        "stemma::twice(const T&)",
        "stemma::detail::Kind",
        "stemma::Last",
    ]


def test_no_dead_sources():
    """Each .cpp is named by the CMakeLists.txt next to it or above it."""
    wrong = []
    for path in tree.cxx_files(tree.SRC, tree.ROOT / "tests"):
        if path.suffix != ".cpp":
            continue
        above = [parent for parent in path.parents if parent == tree.ROOT or tree.ROOT in parent.parents] + [
            tree.ROOT / "cmake"
        ]
        lists = [file for parent in above for file in (*parent.glob("CMakeLists.txt"), *parent.glob("*.cmake"))]
        texts = [file.read_text() for file in lists]
        if not any(
            re.search(rf"(^|[\s/(]){re.escape(path.name)}\b", text) or path.stem in re.findall(r"\w+", text)
            for text in texts
        ):
            wrong.append(tree.place(path, 1))
    assert not wrong, "in no CMakeLists.txt: " + ", ".join(wrong)


def test_nothing_is_left_over():
    wrong = []
    for path in tree.cxx_files(tree.SRC, tree.ROOT / "tests"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
                wrong.append(
                    f"{tree.place(path, number)}: {line.strip()}\n    instead: do it, or write down the limitation"
                )
            if re.search(r"\.\./shared|/(?:home/\w+|root|work)/", line):
                wrong.append(f"{tree.place(path, number)}: {line.strip()}\n    instead: a path inside the tree")
    assert not wrong, "\n".join(wrong)
