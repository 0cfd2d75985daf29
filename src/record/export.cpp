#include "record/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "platform/whole_file.hpp"
#include "record/tables.hpp"

namespace stemma::record {

namespace {

using Json = nlohmann::ordered_json;

constexpr auto exported = std::to_array<Table>({Table::members, Table::reports, Table::units, Table::leases,
                                                Table::lease_ends, Table::workers, Table::snapshots, Table::events,
                                                Table::failures, Table::incarnations, Table::budgets});
/// Columns of members that are left out: the same decisions then give the same export, at any time of the inputs.
constexpr auto moments = std::to_array<std::string_view>({"sequence", "time"});

/// Turns a parameter's column back into the text of the job file.
class ConfigurationText {
public:
    explicit ConfigurationText(const RunHeader& header) {
        const auto space = Json::parse(header.space_json, nullptr, false);
        const bool described = space.is_object() && space.contains("parameters") && space["parameters"].is_array();
        for (std::size_t i = 0; i < header.parameters.size(); ++i) {
            const bool known = described && i < space["parameters"].size();
            parameters_.push_back(known ? space["parameters"][i] : Json::object());
        }
    }

    Json literal(std::size_t parameter, double value) const {
        if (std::isnan(value)) return nullptr;
        const auto& described = parameters_[parameter];
        if (described.contains("choices") && described["choices"].is_array()) {
            const auto& choices = described["choices"];
            const auto index = static_cast<std::size_t>(value);
            if (value >= 0 && index < choices.size()) return choices[index];
        }
        if (described.value("type", "") == "integer") return static_cast<std::int64_t>(value);
        return value;
    }

private:
    std::vector<Json> parameters_;
};

/// All tables of a run, in memory.
struct Derived {
    explicit Derived(RunReader& reader) : header(reader.header()), rows(header), configuration(header) {
        reader.entries([this](const Entry& entry) { rows.add(entry.input, entry.effects); });
    }
    RunHeader header;
    TableRows rows;
    ConfigurationText configuration;
};

/// JSON has no infinity: it is written as a text, as in the process protocol.
Json number(double value) {
    if (std::isnan(value)) return nullptr;
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
}

Json fixed_cell(const Column& column, ByteReader& in, std::string_view decoder) {
    switch (column.type) {
        case ColumnType::u8: {
            const auto value = in.get<std::uint8_t>();
            return decoder.empty() ? Json(value) : Json(name_in(decoder, value));
        }
        case ColumnType::u32:
            return in.get<std::uint32_t>();
        case ColumnType::u64:
            return in.get<std::uint64_t>();
        case ColumnType::i64:
            return in.get<std::int64_t>();
        case ColumnType::f64:
            return number(in.get<double>());
        case ColumnType::id: {
            const auto value = in.get<std::int64_t>();
            return value < 0 ? Json(nullptr) : Json(value);
        }
    }
    unreachable("a column has one of the types");
}

std::string text_at(const Derived& run, std::uint64_t offset, std::uint32_t length) {
    const auto& pool = run.rows.rows(Table::text);
    return {reinterpret_cast<const char*>(pool.data()) + offset, length};
}

/// One row as name -> value. `nested`: a member's parameters as an object of their own.
Json row_json(const Derived& run, Table table, ByteReader& in, std::span<const std::string> more, bool nested) {
    Json row = Json::object();
    std::uint64_t offset = 0;
    for (const auto& column : spec(table).columns) {
        auto cell = fixed_cell(column, in, enumeration_of(table, column.name));
        if (column.name.ends_with("_offset")) {
            offset = cell.get<std::uint64_t>();
        } else if (column.name.ends_with("_length")) {
            row[std::string(column.name.substr(0, column.name.size() - 7))] =
                text_at(run, offset, cell.get<std::uint32_t>());
        } else if (table != Table::members || std::find(moments.begin(), moments.end(), column.name) == moments.end()) {
            row[std::string(column.name)] = std::move(cell);
        }
    }
    const bool parameters = spec(table).more == MoreColumns::parameters;
    auto& into = parameters && nested ? row["configuration"] : row;
    if (into.is_null()) into = Json::object();
    for (std::size_t i = 0; i < more.size(); ++i) {
        const auto value = in.get<double>();
        // In an object of their own parameters need no "_" to differ from other columns.
        const auto& name = parameters && nested ? run.header.parameters[i] : more[i];
        into[name] = parameters ? run.configuration.literal(i, value) : number(value);
    }
    return row;
}

void for_each_row(const Derived& run, Table table, bool nested, const std::function<void(const Json&)>& take) {
    const auto more = more_columns(table, run.header);
    ByteReader in(run.rows.rows(table));
    while (in.left() > 0) take(row_json(run, table, in, more, nested));
}

Json header_json(const RunHeader& header) {
    auto metrics = Json::array();
    for (const auto& metric : header.metrics) metrics.push_back({{"name", metric.name}, {"held_out", metric.held_out}});
    return {{"run_id", header.run_id},
            {"name", header.name},
            {"seed", header.seed},
            {"metric", header.metric},
            {"maximize", header.maximize},
            {"unit", header.unit},
            {"program_version", header.program_version},
            {"git_hash", header.git_hash},
            {"machines", header.machines},
            {"started_unix", header.started_unix},
            {"job", header.job_text},
            {"overrides", header.overrides},
            {"metrics", std::move(metrics)},
            {"parameters", header.parameters}};
}

/// Texts of a run may hold any bytes; JSON may not. Control characters are written as escapes.
std::string dump(const Json& json) {
    auto text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return printable(text) == text ? text : json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string csv_field(const Json& value) {
    if (value.is_null()) return {};
    if (!value.is_string()) return dump(value);
    const auto& text = value.get_ref<const std::string&>();
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

/// Names of the columns that row_json gives, also when there are no rows.
std::vector<std::string> csv_columns(const Derived& run, Table table) {
    const Bytes zeros(run.rows.row_bytes(table), std::byte{0});
    ByteReader in(zeros);
    std::vector<std::string> names;
    const auto row = row_json(run, table, in, more_columns(table, run.header), false);
    for (const auto& [name, value] : row.items()) names.push_back(name);
    return names;
}

std::string csv_line(std::span<const std::string> fields) {
    std::string line;
    for (const auto& field : fields) line += (line.empty() && &field == fields.data() ? "" : ",") + field;
    return line + "\n";
}

std::string file_stem(Table table) { return std::string(spec(table).name.substr(1)); }

void write_csv(const Derived& run, Table table, std::ostream& out) {
    std::vector<std::string> fields;
    for (const auto& name : csv_columns(run, table)) fields.push_back(csv_field(name));
    out << csv_line(fields);
    for_each_row(run, table, false, [&](const Json& row) {
        fields.clear();
        for (const auto& value : row) fields.push_back(csv_field(value));
        out << csv_line(fields);
    });
}

}  // namespace

void export_csv(RunReader& reader, const std::filesystem::path& folder) {
    const Derived run(reader);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw UserError(
            fmt::format("{}: cannot be made ({}). Choose another folder", folder.string(), error.message()));
    write_whole_file(folder / "header.csv", [&](std::ostream& out) {
        out << "name,value\n";
        const auto header = header_json(run.header);
        for (const auto& [name, value] : header.items()) {
            out << name << ',' << csv_field(value.is_structured() ? Json(dump(value)) : value) << '\n';
        }
    });
    for (const auto table : exported) {
        write_whole_file(folder / (file_stem(table) + ".csv"), [&](std::ostream& out) { write_csv(run, table, out); });
    }
}

void export_json(RunReader& reader, std::ostream& out) {
    const Derived run(reader);
    out << "{\"header\": " << dump(header_json(run.header));
    for (const auto table : exported) {
        out << ",\n\"" << file_stem(table) << "\": [";
        bool first = true;
        for_each_row(run, table, true, [&](const Json& row) {
            out << (first ? "\n" : ",\n") << dump(row);
            first = false;
        });
        out << "]";
    }
    out << "}\n";
}

}  // namespace stemma::record
