#include "record/export.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

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
        const bool has_parameters = space.is_object() && space.contains("parameters") && space["parameters"].is_array();
        for (std::size_t i = 0; i < header.parameters.size(); ++i) {
            const bool known = has_parameters && i < space["parameters"].size();
            parameters_.push_back(known ? space["parameters"][i] : Json::object());
            const auto& described = parameters_.back();
            real_.push_back(described.is_object() && !described.contains("choices") &&
                            described.value("type", "") != "integer");
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

    /// True if literal() of a finite number is the number itself.
    bool is_real(std::size_t parameter) const { return real_[parameter]; }

private:
    std::vector<Json> parameters_;
    std::vector<bool> real_;
};

/// Rows of a run's tables, in memory until they are cleared.
struct Derived {
    explicit Derived(const RunHeader& of) : header(of), rows(header), configuration(header) {}
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
    const auto held_from = run.rows.cleared(Table::text);  // texts are cleared together with the rows that name them
    return {reinterpret_cast<const char*>(pool.data()) + (offset - held_from), length};
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

enum class Format : std::uint8_t { csv, json };

/// The rows of one table as text: row_json() without an object for each row, which took nine tenths of an export's
/// time. Tables with texts, and names that need escapes, go through row_json() all the same.
class RowText {
public:
    RowText(const Derived& run, Table table, Format format) : run_(run), table_(table), format_(format) {
        const auto& fixed = spec(table).columns;
        const auto more = more_columns(table, run.header);
        const bool parameters = spec(table).more == MoreColumns::parameters;
        const bool nested = parameters && format == Format::json;
        for (const auto& column : fixed) {
            through_json_ |= column.name.ends_with("_offset") || column.name.ends_with("_length");
            Cell cell{.type = column.type};
            cell.left_out = table == Table::members && std::ranges::find(moments, column.name) != moments.end();
            cell.before = key(std::string(column.name));
            const auto names = enumeration_of(table, column.name);
            for (std::size_t value = 0; !names.empty() && value < 256; ++value)
                cell.names.push_back(written(name_in(names, static_cast<std::uint8_t>(value))));
            add(std::move(cell));
        }
        for (std::size_t i = 0; i < more.size(); ++i) {
            Cell cell{.type = ColumnType::f64};
            if (parameters) cell.parameter = i;
            if (nested && i == 0) {
                cell.before = key("configuration") + "{";
                first_ = true;
            }
            cell.before += key(nested ? run.header.parameters[i] : more[i]);
            add(std::move(cell));
        }
        if (format == Format::json) end_ = nested ? (more.empty() ? "" : "}}") : "}";
        through_json_ |= nested && more.empty();
    }

    /// Appends the rows that the run holds now, each as a line or, in JSON, as an object with what separates it.
    /// `full` is called, to empty the text, whenever it is long.
    void append(
        std::string& out, const std::function<void()>& full = [] {}) {
        constexpr std::size_t long_bytes = std::size_t{1} << 20U;
        ByteReader in(run_.rows.rows(table_));
        while (in.left() > 0) {
            if (out.size() > long_bytes) full();
            if (format_ == Format::json) out += rows_ == 0 ? "\n" : ",\n";
            ++rows_;
            through_json_ ? append_json_row(in, out) : append_row(in, out);
            if (format_ == Format::csv) out += '\n';
        }
    }

private:
    struct Cell {
        ColumnType type = ColumnType::u8;
        bool left_out = false;
        std::string before = {};              ///< what separates it, and its name
        std::vector<std::string> names = {};  ///< of an enumeration's values
        std::optional<std::size_t> parameter = {};
    };

    std::string written(const Json& value) {
        auto text = format_ == Format::json ? dump(value) : csv_field(value);
        through_json_ |= printable(text) != text;
        return text;
    }
    std::string key(const std::string& name) {
        if (format_ == Format::csv) return first_ ? "" : ",";
        return (first_ ? "" : ",") + written(name) + ":";
    }
    void add(Cell cell) {
        if (!cell.left_out) first_ = false;
        cells_.push_back(std::move(cell));
    }

    void append_json_row(ByteReader& in, std::string& out) {
        const auto row = row_json(run_, table_, in, more_columns(table_, run_.header), format_ == Format::json);
        if (format_ == Format::json) {
            out += dump(row);
            return;
        }
        bool first = true;
        for (const auto& value : row) {
            if (!std::exchange(first, false)) out += ',';
            out += csv_field(value);
        }
    }

    void append_row(ByteReader& in, std::string& out) {
        if (format_ == Format::json) out += '{';
        for (const auto& cell : cells_) {
            if (cell.left_out) {
                skip(cell.type, in);
                continue;
            }
            out += cell.before;
            append_cell(cell, in, out);
        }
        out += end_;
    }

    static void skip(ColumnType type, ByteReader& in) {
        for (std::size_t i = 0; i < size_of(type); ++i) static_cast<void>(in.get<std::uint8_t>());
    }

    void append_cell(const Cell& cell, ByteReader& in, std::string& out) {
        const auto whole = [&](auto value) { fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value); };
        switch (cell.type) {
            case ColumnType::u8: {
                const auto value = in.get<std::uint8_t>();
                return cell.names.empty() ? whole(unsigned{value}) : void(out += cell.names[value]);
            }
            case ColumnType::u32:
                return whole(in.get<std::uint32_t>());
            case ColumnType::u64:
                return whole(in.get<std::uint64_t>());
            case ColumnType::i64:
                return whole(in.get<std::int64_t>());
            case ColumnType::f64:
                return append_real(cell, in.get<double>(), out);
            case ColumnType::id: {
                const auto value = in.get<std::int64_t>();
                if (value >= 0) return whole(value);
                if (format_ == Format::json) out += "null";
                return;
            }
        }
        unreachable("a column has one of the types");
    }

    void append_real(const Cell& cell, double value, std::string& out) {
        const bool real = !cell.parameter || run_.configuration.is_real(*cell.parameter);
        if (real && std::isfinite(value)) {
            // As the JSON library writes them, so that all exports have the same digits.
            out += Json(value).dump();
            return;
        }
        const Json json = cell.parameter ? run_.configuration.literal(*cell.parameter, value) : number(value);
        out += format_ == Format::json ? dump(json) : csv_field(json);
    }

    const Derived& run_;
    Table table_;
    Format format_;
    bool through_json_ = false;
    bool first_ = true;  ///< no cell yet
    std::vector<Cell> cells_;
    std::string end_;
    std::uint64_t rows_ = 0;
};

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

/// Makes the files of all tables at once, and writes the rows of each after every few inputs: what is held is bounded.
void write_csv(RunReader& reader, const std::filesystem::path& folder) {
    constexpr std::uint64_t inputs_per_write = 4096;
    Derived run(reader.header());
    std::vector<std::pair<std::ostream*, RowText>> files;
    std::string text;
    const auto write = [&] {
        for (auto& [out, rows] : files) {
            text.clear();
            rows.append(text);
            *out << text;
        }
        run.rows.clear();
    };
    const std::function<void()> open_next = [&] {
        if (files.size() == exported.size()) {
            std::uint64_t inputs = 0;
            reader.entries([&](const Entry& entry) {
                run.rows.add(entry.input, entry.effects);
                if (++inputs % inputs_per_write == 0) write();
            });
            return write();
        }
        const auto table = exported.at(files.size());
        write_whole_file(folder / (file_stem(table) + ".csv"), [&](std::ostream& out) {
            std::vector<std::string> fields;
            for (const auto& name : csv_columns(run, table)) fields.push_back(csv_field(name));
            out << csv_line(fields);
            files.emplace_back(&out, RowText(run, table, Format::csv));
            open_next();
        });
    };
    open_next();
}

}  // namespace

void export_csv(RunReader& reader, const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw UserError(
            fmt::format("{}: cannot be made ({}). Choose another folder", folder.string(), error.message()));
    write_whole_file(folder / "header.csv", [&](std::ostream& out) {
        out << "name,value\n";
        const auto header = header_json(reader.header());
        for (const auto& [name, value] : header.items()) {
            out << name << ',' << csv_field(value.is_structured() ? Json(dump(value)) : value) << '\n';
        }
    });
    write_csv(reader, folder);
}

void export_json(RunReader& reader, std::ostream& out) {
    // One table comes after the other in the text, and the log has them together: all rows are held, in binary form.
    Derived run(reader.header());
    reader.entries([&run](const Entry& entry) { run.rows.add(entry.input, entry.effects); });
    out << "{\"header\": " << dump(header_json(run.header));
    std::string text;
    for (const auto table : exported) {
        out << ",\n\"" << file_stem(table) << "\": [";
        RowText rows(run, table, Format::json);
        text.clear();
        rows.append(text, [&] {
            out << text;
            text.clear();
        });
        out << text << "]";
    }
    out << "}\n";
}

}  // namespace stemma::record
