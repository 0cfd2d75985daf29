#pragma once
// The datasets of a run file, as rows of bytes. Inside record/hdf5 only; callers hold h5::Guard.

#include <array>
#include <filesystem>

#include "record/hdf5/h5.hpp"
#include "record/hdf5/row_layout.hpp"
#include "record/schema.hpp"

namespace stemma::record {

/// live: no filters (deflate with a flush a commit is slow and bloats the file; Fletcher-32 fails for live readers).
enum class Storage { live, cold };

/// Makes a file with header and empty tables, and closes it: in SWMR mode nothing can be made any more.
void create_run_file(const std::string& path, const RunHeader& header, std::uint32_t file_incarnation, Storage storage);

class TableFile {
public:
    /// Opens every table. `version`: of the file's format, which may be older or newer than this program's. Throws
    /// h5::Error if a table of that version is missing, or a column has another type than in the schema.
    TableFile(h5::Handle file, const RunHeader& header, bool writable, std::uint32_t version = run_file_version);

    /// Appends whole rows; visible to readers after flush().
    void append(Table table, std::span<const std::byte> rows);
    void flush(Table table);
    /// Rows in the schema's layout, whatever columns the file has; 0 in columns that the file lacks.
    void read(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const;
    /// Rows in the file's layout.
    void read_stored(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const;
    /// False for a table that is newer than the file.
    bool has(Table table) const { return static_cast<bool>(sets_[index(table)]); }
    const RowLayout& layout(Table table) const { return layouts_[index(table)]; }
    /// Rows that the dataset has room for: at least the committed ones.
    std::uint64_t extent(Table table) const { return extents_[index(table)]; }
    std::size_t row_bytes(Table table) const { return row_bytes_[index(table)]; }
    void close();

private:
    void open(Table table, const RunHeader& header, const h5::Handle& access, std::uint32_t version);

    h5::Handle file_;
    std::array<h5::Handle, table_count> sets_;
    std::array<RowLayout, table_count> layouts_;
    std::array<std::uint64_t, table_count> extents_{};
    std::array<std::size_t, table_count> row_bytes_{};
};

}  // namespace stemma::record
