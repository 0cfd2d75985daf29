#pragma once
// Reader of tables of numbers.

#include <string>
#include <vector>

namespace stemma {

struct CsvTable {
    std::vector<std::string> columns;
    std::vector<double> values;  ///< row-major
    std::size_t rows() const { return columns.empty() ? 0 : values.size() / columns.size(); }
};

/// A header line with column names, then rows of finite numbers, separated by commas; blanks around fields and empty
/// lines are skipped; no quotes. Throws UserError with file:line for anything else.
CsvTable read_csv(const std::string& file);

}  // namespace stemma
