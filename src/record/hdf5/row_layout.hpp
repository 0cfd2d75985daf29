#pragma once
// The layout of a table's rows in a file, and their conversion to the layout of this program's schema. Columns are
// found by name. Columns that only the file or only the schema has are skipped. Inside record/hdf5 only; callers hold
// h5::Guard.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/hdf5/h5.hpp"
#include "record/journal.hpp"
#include "record/schema.hpp"

namespace stemma::record {

/// Packed, so that memory and file have the same bytes, and HDF5 converts nothing.
h5::Handle row_type(Table table, const RunHeader& header);

class RowLayout {
public:
    RowLayout() = default;  ///< for a table that the file does not have
    /// For a dataset with rows of type `stored`. Throws h5::Error where a column has another type than in the schema.
    RowLayout(Table table, const RunHeader& header, h5::Handle stored);

    hid_t type() const { return type_.id(); }
    std::size_t bytes() const { return bytes_; }  ///< of a row in the file
    /// True if rows have the same layout in the file and in the schema.
    bool same() const { return same_; }
    /// Offset of a column of the schema in the file's rows; nothing where the file does not have it.
    std::optional<std::size_t> offset(std::string_view column) const;
    /// Names of the schema's columns that the file does not have.
    const std::vector<std::string>& missing() const { return missing_; }

    /// Converts rows of the file to rows of the schema, with 0 in columns that the file does not have.
    void convert(std::span<const std::byte> stored, Bytes& out) const;
    /// Writes the same 0 into rows of the schema, so that rows from elsewhere can be compared.
    void blank_missing(Bytes& rows) const;

private:
    struct Piece {
        std::string name;
        std::size_t size = 0;
        std::size_t to = 0;               ///< offset in the schema's row
        std::optional<std::size_t> from;  ///< offset in the file's row
    };

    h5::Handle type_;
    std::size_t bytes_ = 0;
    std::size_t schema_bytes_ = 0;
    bool same_ = false;
    std::vector<Piece> pieces_;
    std::vector<std::string> missing_;
};

}  // namespace stemma::record
