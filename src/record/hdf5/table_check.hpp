#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "record/hdf5/run_file.hpp"

namespace stemma::record {

/// A cell that differs from what the log of inputs and decisions gives.
struct TableDifference {
    std::string table;      ///< "reports"
    std::uint64_t row = 0;  ///< from 0
    std::string column;     ///< "" for a pool of single bytes
    std::string recorded;
    std::string derived;  ///< from the log, which has checksums
};

/// Compares every committed row of every table with what the log gives. Without a difference readers of tables (h5py,
/// pandas) see what happened. nullopt: all rows are equal. One pass over the file, as RunFileReader::entries. Throws
/// UserError if the log or a table cannot be read.
std::optional<TableDifference> first_table_difference(RunFileReader& reader);

}  // namespace stemma::record
