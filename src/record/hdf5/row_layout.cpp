#include "record/hdf5/row_layout.hpp"

#include <algorithm>
#include <cstring>

#include "core/error.hpp"
#include "record/tables.hpp"

namespace stemma::record {

namespace {

using h5::check;
using h5::Handle;

hid_t h5_type(ColumnType type) {
    switch (type) {
        case ColumnType::u8:
            return H5T_STD_U8LE;
        case ColumnType::u32:
            return H5T_STD_U32LE;
        case ColumnType::u64:
            return H5T_STD_U64LE;
        case ColumnType::i64:
        case ColumnType::id:
            return H5T_STD_I64LE;
        case ColumnType::f64:
            return H5T_IEEE_F64LE;
    }
    unreachable("a column has one of the types");
}

/// A column of a dataset.
struct Stored {
    std::string name;
    std::size_t offset = 0;
    Handle type;
};

std::vector<Stored> stored_columns(hid_t type) {
    std::vector<Stored> columns;
    const auto count = static_cast<unsigned>(check(H5Tget_nmembers(type), "read a table's columns"));
    for (unsigned i = 0; i < count; ++i) {
        char* name = H5Tget_member_name(type, i);
        if (name == nullptr) h5::throw_error("read a column's name");
        Stored column{name, H5Tget_member_offset(type, i), {}};
        H5free_memory(name);
        column.type = Handle(H5Tget_member_type(type, i), H5Tclose, "read a column's type");
        columns.push_back(std::move(column));
    }
    return columns;
}

}  // namespace

Handle row_type(Table table, const RunHeader& header) {
    if (spec(table).columns.empty()) return Handle(H5Tcopy(H5T_STD_U8LE), H5Tclose, "make a type");
    Handle type(H5Tcreate(H5T_COMPOUND, row_bytes(table, header)), H5Tclose, "make a row type");
    std::size_t offset = 0;
    const auto add = [&](const std::string& name, ColumnType column) {
        check(H5Tinsert(type.id(), name.c_str(), offset, h5_type(column)), "add column " + name);
        offset += size_of(column);
    };
    for (const auto& column : spec(table).columns) add(std::string(column.name), column.type);
    for (const auto& name : more_columns(table, header)) add(name, ColumnType::f64);
    return type;
}

RowLayout::RowLayout(Table table, const RunHeader& header, Handle stored)
    : type_(std::move(stored)), bytes_(H5Tget_size(type_.id())), schema_bytes_(row_bytes(table, header)) {
    const std::string name(spec(table).name);
    const auto own = row_type(table, header);
    same_ = check(H5Tequal(type_.id(), own.id()), "compare the columns of table " + name) > 0;
    const bool compound = H5Tget_class(type_.id()) == H5T_COMPOUND;
    if (compound == spec(table).columns.empty() || (!compound && !same_))
        throw h5::Error("table " + name + " has rows of another kind than the schema says");
    constexpr std::size_t more_bytes_max = 1 << 16;
    if (bytes_ > schema_bytes_ + more_bytes_max)
        throw h5::Error("table " + name + " has rows of " + std::to_string(bytes_) + " bytes");
    if (!compound) return;

    auto columns = stored_columns(type_.id());
    const auto more = more_columns(table, header);
    if (columns.size() < more.size())
        throw h5::Error("table " + name + " has fewer columns than the run has parameters or metrics");
    const auto fixed = std::span(columns).first(columns.size() - more.size());
    const auto add = [&](std::string_view column, ColumnType type, const Stored* found) {
        const auto to = pieces_.empty() ? 0 : pieces_.back().to + pieces_.back().size;
        pieces_.push_back({std::string(column), size_of(type), to, {}});
        if (found == nullptr) {
            missing_.emplace_back(column);
            return;
        }
        if (check(H5Tequal(found->type.id(), h5_type(type)), "compare columns") <= 0)
            throw h5::Error("column " + found->name + " of table " + name + " has another type than the schema says");
        pieces_.back().from = found->offset;
    };
    for (const auto& column : spec(table).columns) {
        const auto at = std::ranges::find_if(fixed, [&](const Stored& one) {
            return one.name == column.name || (!column.formerly.empty() && one.name == column.formerly);
        });
        add(column.name, column.type, at == fixed.end() ? nullptr : &*at);
    }
    // By their place, because a parameter may have the name of a later column.
    for (std::size_t i = 0; i < more.size(); ++i) add(more[i], ColumnType::f64, &columns[fixed.size() + i]);
}

std::optional<std::size_t> RowLayout::offset(std::string_view column) const {
    const auto at = std::ranges::find(pieces_, column, &Piece::name);
    return at == pieces_.end() ? std::nullopt : at->from;
}

void RowLayout::convert(std::span<const std::byte> stored, Bytes& out) const {
    const auto rows = stored.size() / bytes_;
    out.assign(rows * schema_bytes_, std::byte{});
    for (std::size_t row = 0; row < rows; ++row) {
        for (const auto& piece : pieces_) {
            if (!piece.from) continue;
            std::memcpy(&out[row * schema_bytes_ + piece.to], &stored[row * bytes_ + *piece.from], piece.size);
        }
    }
}

void RowLayout::blank_missing(Bytes& rows) const {
    if (missing_.empty()) return;
    for (std::size_t row = 0; row < rows.size(); row += schema_bytes_) {
        for (const auto& piece : pieces_) {
            if (!piece.from)
                std::fill_n(rows.begin() + static_cast<std::ptrdiff_t>(row + piece.to), piece.size, std::byte{});
        }
    }
}

}  // namespace stemma::record
