#include "trainer/torch/data/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>

#include "core/error.hpp"

namespace stemma {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const auto comma = line.find(',');
        fields.push_back(trimmed(line.substr(0, comma)));
        if (comma == std::string_view::npos) return fields;
        line.remove_prefix(comma + 1);
    }
}

struct Place {
    const std::string& file;
    std::size_t line = 0;
    [[noreturn]] void fail(const std::string& what) const {
        throw UserError(file + ":" + std::to_string(line) + ": " + what);
    }
};

std::optional<double> finite_number(std::string_view field) {
    if (field.starts_with('+')) field.remove_prefix(1);
    double value = 0;
    const auto* end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(field.data(), end, value);
    if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

double number(std::string_view field, std::string_view column, const Place& place) {
    if (const auto value = finite_number(field)) return *value;
    place.fail("\"" + std::string(field) + "\" in column \"" + std::string(column) +
               "\" is no finite number; encode categories as numbers and drop rows with gaps");
}

}  // namespace

CsvTable read_csv(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw UserError("data file " + file + " cannot be opened; give its path as trainer.path");
    CsvTable table;
    std::string line;
    Place place{file};
    while (std::getline(in, line)) {
        ++place.line;
        if (place.line == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // byte order mark
        if (trimmed(line).empty()) continue;
        const auto fields = fields_of(line);
        if (table.columns.empty()) {
            table.columns.assign(fields.begin(), fields.end());
            if (std::ranges::all_of(fields, [](auto field) { return finite_number(field).has_value(); })) {
                place.fail("the first line must name the columns, but has numbers only");
            }
            const std::set<std::string> distinct(table.columns.begin(), table.columns.end());
            if (distinct.size() != fields.size()) place.fail("two columns have the same name");
            continue;
        }
        if (fields.size() != table.columns.size()) {
            place.fail(std::to_string(fields.size()) + " fields, but the header has " +
                       std::to_string(table.columns.size()));
        }
        for (std::size_t i = 0; i < fields.size(); ++i)
            table.values.push_back(number(fields[i], table.columns[i], place));
    }
    if (in.bad()) throw UserError("data file " + file + " cannot be read to its end");
    if (table.rows() == 0) throw UserError("data file " + file + " has no rows; the first line must name the columns");
    return table;
}

}  // namespace stemma
