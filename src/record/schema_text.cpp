// The schema as a page to read and as constants for Python.
#include <fmt/format.h>

#include "record/schema.hpp"

namespace stemma {

namespace {

std::string more_text(MoreColumns more) {
    switch (more) {
        case MoreColumns::none:
            return {};
        case MoreColumns::parameters:
            return "| *one for each parameter* | float64 | | number, index of the choice, or NaN if inactive |\n";
        case MoreColumns::metrics:
            return "| *one for each metric* | float64 | | value, or NaN where not measured |\n";
    }
    return {};
}

std::string type_text(const Column& column) {
    return std::string(name_of(column.type)) + (column.type == ColumnType::id ? " (-1: none)" : "");
}

/// The class of an enumeration in Python: "EVENT_KINDS" -> "EventKind".
std::string class_name(std::string_view enumeration) {
    std::string out;
    for (std::size_t i = 0; i < enumeration.size(); ++i) {
        if (enumeration[i] == '_') continue;
        out += i == 0 || enumeration[i - 1] == '_' ? enumeration[i] : static_cast<char>(enumeration[i] - 'A' + 'a');
    }
    if (!out.ends_with("Status")) out.pop_back();  // the s of the plural
    return out;
}

std::string upper(std::string_view name) {
    std::string out(name);
    for (auto& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

}  // namespace

std::string schema_markdown() {
    std::string out = fmt::format(
        "# The run file\n\n"
        "Generated from the table in `src/record/schema.hpp` that also creates and checks run files; do not edit. "
        "Format `{}`, version {}.\n\n"
        "`RUN.h5` is an HDF5 file with one dataset of compound type for each table, so that "
        "`pandas.DataFrame(h5py.File(\"RUN.h5\", \"r\", swmr=True)[\"reports\"][:])` is a data frame. While a search "
        "runs, and after "
        "it was killed, open the file in SWMR read mode (`swmr=True`; where metadata is damaged HDF5 then waits for "
        "ever, and `stemma.open` does not). The row counts in the last row of `/commits` "
        "say what "
        "is committed; rows beyond them do not count. A file whose search has ended is rewritten compressed (deflate) "
        "and with "
        "checksums (Fletcher-32).\n\n"
        "Times are seconds of the run; a unit called \"unit\" is the job's own (`unit`: epochs or steps). A column "
        "named like "
        "a parameter or metric that would clash with another column gets `_` appended.\n\n"
        "## Header\n\nAttributes of the root group, and datasets.\n\n| name | type | meaning |\n| --- | --- | --- |\n",
        run_file_format, run_file_version);
    for (const auto& item : header_items)
        out += fmt::format("| `{}` | {} | {} |\n", item.name, item.type, item.meaning);
    for (const auto& table : tables) {
        out += fmt::format("\n## {}\n\n{}.\n", table.name, table.meaning);
        if (table.columns.empty()) {
            out += "\nA one-dimensional dataset of uint8.\n";
            continue;
        }
        out += "\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n";
        for (const auto& column : table.columns) {
            out +=
                fmt::format("| `{}` | {} | {} | {} |\n", column.name, type_text(column), column.unit, column.meaning);
        }
        out += more_text(table.more);
    }
    out += "\n## Numbers and their names\n\nA number once used keeps its meaning; new ones are added at the end.\n";
    for (const auto& enumeration : enumerations()) {
        out += fmt::format("\n`{}`: ", enumeration.name);
        for (std::size_t i = 0; i < enumeration.values.size(); ++i) {
            out += fmt::format("{}{} {}", i > 0 ? ", " : "", enumeration.values[i].value, enumeration.values[i].name);
        }
        out += "\n";
    }
    return out;
}

std::string schema_python() {
    std::string out = fmt::format(
        "\"\"\"Names and numbers of run files. Generated from src/record/schema.hpp; do not edit.\"\"\"\n\n"
        "from enum import IntEnum\n\nFORMAT = \"{}\"\nFORMAT_VERSION = {}\n\nNONE = -1  # an id that is not there\n"
        "COMMIT_CLOSED, COMMIT_FINISHED = {}, {}  # bits of the column flags of commits\n",
        run_file_format, run_file_version, commit_closed, commit_finished);
    for (const auto& enumeration : enumerations()) {
        out += fmt::format("\n\nclass {}(IntEnum):\n", class_name(enumeration.name));
        for (const auto& value : enumeration.values)
            out += fmt::format("    {} = {}\n", upper(value.name), value.value);
    }
    out +=
        "\n\n# Fixed columns of each table with their NumPy types; parameters and metrics follow as float64.\n"
        "TABLES = {\n";
    for (const auto& table : tables) {
        out += fmt::format("    \"{}\": {{\n", table.name.substr(1));
        for (const auto& column : table.columns)
            out += fmt::format("        \"{}\": \"{}\",\n", column.name, name_of(column.type));
        out += "    },\n";
    }
    out += "}\n\n# Which enumeration a column holds.\nDECODERS = {\n";
    for (std::size_t i = 0; i < table_count; ++i) {
        for (const auto& column : tables[i].columns) {
            const auto decoder = enumeration_of(static_cast<Table>(i), column.name);
            if (decoder.empty()) continue;
            out +=
                fmt::format("    (\"{}\", \"{}\"): {},\n", tables[i].name.substr(1), column.name, class_name(decoder));
        }
    }
    out += "}\n";
    return out;
}

}  // namespace stemma
