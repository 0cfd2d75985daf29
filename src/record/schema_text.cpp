// The schema as a page to read and as constants for Python.
#include <fmt/format.h>

#include "record/payload_text.hpp"
#include "record/schema.hpp"

namespace stemma::record {

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

constexpr std::string_view notes = R"(
## Notes for readers

* Units: times are seconds of the run. "unit" is the job's own unit of training, epochs or optimizer steps (the
  attribute `unit`). Metrics have the units that the trainer gives them.
* `resource`, `from`, `to` and `asked` count a member's training from scratch. A child goes on from its parent's
  snapshot, so its first training begins at the parent's `resource`, not at 0.
* A report is partial (`status`) where its training was canceled before its end: `resource` is less than `asked`. It
  is not ranked. Canceled before its first boundary it has no rows in `units`, NaN as metrics, and no snapshot. A
  late report came after its training was given up. It is recorded, but changes nothing.
* `units` has one row for each unit of training of a report, the last one at the report's `resource`. Between these
  rows stand points of trajectories where hyperparameters move: such a row has NaN in every metric but the `hyper_*`
  ones.
* Metrics whose names begin with `hyper` say how hyperparameters moved in a training by hypergradients: `hyper_step`
  is the optimizer step of the member; `hyper_lr` (the median where each weight has its own; `hyper_lr_low` and
  `hyper_lr_high` are the 5 % and 95 % quantiles), `hyper_weight_decay`, `hyper_momentum` (for Adam beta1) and
  `hyper_beta2` are the values in use; `hyper_raw_*` are the values that the hyper-optimizer moves (base-10
  logarithms, logits); `hypergradient_norm` is the norm of the last hypergradient on these, before clipping;
  `hyper_steps`, `hyper_skipped`, `hyper_clipped`, `hyper_truncated` and `hyper_bounded` count the hyper-steps of
  the member, and those of them with that fate.
* Rows stand in the order of the inputs (`sequence`) that made them. Within one input the rows that it makes itself come
  first: of a report first `lease_ends`, then `reports` and `units`. The rows of its decisions follow, in the order of
  `index`.
* In PBT a member gives up for good when the child is born that takes its place. This is the row of `members` whose
  `replaced` names it, at that row's `time`. `cause` says why: exploit, backtrack, or sampled (members of this place
  died, and no member could be a parent). With `backtrack_after` there is one exception. Where no
  child can be born any more, the best member of a lineage trains on in the place of its last member. No row says so.
* In GPBT events `selected` say when a generation was selected: one for each of its parents, best first.
* `/overrides` has one `path=value` a line, in the order of the command line. The path is TOML's dotted path
  (`space."my lr".low`). The value is TOML; what is no TOML value is taken as a string. `/job_resolved` has them
  already.
* A file of a finished search has been rewritten: same rows, same checksums.

## Header's checksum

`header_crc32` is the CRC-32 (as in zlib) of these pieces, encoded as in the payload: the texts `run_id`, `name`,
`/job`, `/overrides`, `program_version`, `git_hash`, `metric`, `unit` and `/space`; `seed`; `started_unix`;
`maximize`; the count of the parameters (uint32) and their names; of each metric its name and whether it is held
out; `machines`, if it is not empty; and, from format 2 on, the text `/job_resolved`, `rules_version`,
`limit_members`, `limit_reports`, `limit_resource`, `limit_seconds`, `limit_target` and `limit_max_resource`. Pieces
that later formats add are not part of it.
)";

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
        "Find tables and columns by name: other versions have more or fewer of them, in another order. Only the "
        "columns of "
        "parameters and metrics stand at a known place, the end of their tables. A column named like a parameter or "
        "metric "
        "that would clash with another column gets `_` appended. A reader that knows format version "
        "`format_readable_by` gets no wrong result from a file; what a file lacks is that of an older version.\n\n"
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
    out += notes;
    out += payload_markdown();
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
    out += "}\n\n# Names of tables in files of older formats.\nFORMERLY = {\n";
    for (const auto& table : tables) {
        if (!table.formerly.empty())
            out += fmt::format("    \"{}\": \"{}\",\n", table.name.substr(1), table.formerly.substr(1));
    }
    out += "}\n" + payload_python();
    return out;
}

}  // namespace stemma::record
