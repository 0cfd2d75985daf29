#pragma once
// The datasets of a run file, as rows of bytes. Inside record/hdf5 only; callers hold h5::Guard.

#include <array>
#include <filesystem>

#include "record/hdf5/h5.hpp"
#include "record/schema.hpp"
#include "record/tables.hpp"

namespace stemma {

/// live: no filters (deflate with a flush a commit is slow and bloats the file; Fletcher-32 fails for live readers).
enum class Storage { live, cold };

/// Makes a file with header and empty tables, and closes it: in SWMR mode nothing can be made any more.
void create_run_file(const std::string& path, const RunHeader& header, std::uint32_t file_incarnation, Storage storage);

/// Throws UserError unless it is a run file of a version that this program knows.
void check_format(hid_t file, const std::string& path);
RunHeader read_header(hid_t file);
std::uint32_t read_file_incarnation(hid_t file);

class TableFile {
public:
    /// Opens every table; throws h5::Error if one is missing or has other columns than the schema says.
    TableFile(h5::Handle file, const RunHeader& header, bool writable);

    /// Appends whole rows; visible to readers after flush().
    void append(Table table, std::span<const std::byte> rows);
    void flush(Table table);
    void read(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const;
    /// Rows that the dataset has room for: at least the committed ones.
    std::uint64_t extent(Table table) const { return extents_[index(table)]; }
    std::size_t row_bytes(Table table) const { return row_bytes_[index(table)]; }
    void close();

private:
    h5::Handle file_;
    std::array<h5::Handle, table_count> sets_;
    std::array<h5::Handle, table_count> types_;
    std::array<std::uint64_t, table_count> extents_{};
    std::array<std::size_t, table_count> row_bytes_{};
};

}  // namespace stemma
