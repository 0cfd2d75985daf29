#include "record/hdf5/table_file.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "record/hdf5/file_header.hpp"
#include "record/tables.hpp"

namespace stemma::record {

namespace {

using h5::check;
using h5::Handle;

void create_table(hid_t file, Table table, const RunHeader& header, Storage storage) {
    const auto& described = spec(table);
    const Handle options(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "make a creation list");
    const hsize_t chunk = described.chunk_rows;
    check(H5Pset_chunk(options.id(), 1, &chunk), "set a chunk size");
    // With the writer's empty chunk cache: rows go directly to the kernel, not chunk by chunk.
    check(H5Pset_fill_time(options.id(), H5D_FILL_TIME_NEVER), "leave filling off");
    if (storage == Storage::cold) {
        check(H5Pset_shuffle(options.id()), "set shuffling");
        check(H5Pset_deflate(options.id(), 4), "set deflate");
        check(H5Pset_fletcher32(options.id()), "set checksums");
    }
    const hsize_t none = 0;
    const hsize_t unlimited = H5S_UNLIMITED;
    const auto space = h5::simple_space({&none, 1}, {&unlimited, 1});
    const auto type = row_type(table, header);
    Handle set(H5Dcreate2(file, std::string(described.name).c_str(), type.id(), space.id(), H5P_DEFAULT, options.id(),
                          H5P_DEFAULT),
               H5Dclose, "make table " + std::string(described.name));
    h5::write_attribute(set.id(), "meaning", described.meaning);
    set.close("close a table");
}

}  // namespace

void create_run_file(const std::string& path, const RunHeader& header, std::uint32_t file_incarnation,
                     Storage storage) {
    auto file = h5::open_file(path, h5::Mode::create);
    write_header(file.id(), header, file_incarnation);
    for (std::size_t i = 0; i < table_count; ++i) create_table(file.id(), static_cast<Table>(i), header, storage);
    file.close("close a new run file");
}

TableFile::TableFile(h5::Handle file, const RunHeader& header, bool writable, std::uint32_t version)
    : file_(std::move(file)) {
    const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, "make an access list");
    if (writable) check(H5Pset_chunk_cache(access.id(), 1, 0, 1), "leave the chunk cache off");
    // Commits first: a live writer commits after it has appended, so what is opened later has all that is committed.
    for (std::size_t left = table_count; left > 0; --left) open(static_cast<Table>(left - 1), header, access, version);
}

void TableFile::open(Table table, const RunHeader& header, const h5::Handle& access, std::uint32_t version) {
    const auto i = index(table);
    std::string name(spec(table).name);
    const auto there = [&] { return check(H5Lexists(file_.id(), name.c_str(), H5P_DEFAULT), "look for a table") > 0; };
    row_bytes_[i] = record::row_bytes(table, header);
    if (!there()) {
        if (version < spec(table).since) return;
        if (!spec(table).formerly.empty()) name = spec(table).formerly;
        if (!there()) throw h5::Error("table " + name + " is missing");
    }
    sets_[i] = Handle(H5Dopen2(file_.id(), name.c_str(), access.id()), H5Dclose, "open table " + name);
    layouts_[i] = RowLayout(table, header, Handle(H5Dget_type(sets_[i].id()), H5Tclose, "read a table's columns"));
    const Handle space(H5Dget_space(sets_[i].id()), H5Sclose, "read a table's size");
    if (H5Sget_simple_extent_ndims(space.id()) != 1)
        throw h5::Error("table " + name + " has another shape than the schema says");
    extents_[i] = static_cast<std::uint64_t>(check(H5Sget_simple_extent_npoints(space.id()), "read a table's size"));
}

void TableFile::append(Table table, std::span<const std::byte> rows) {
    const auto i = index(table);
    const hsize_t first = extents_[i];
    const hsize_t count = rows.size() / row_bytes_[i];
    const hsize_t total = first + count;
    const auto set = sets_[i].id();
    check(H5Dset_extent(set, &total), "extend a table");
    const Handle space(H5Dget_space(set), H5Sclose, "get a table's space");
    check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &first, nullptr, &count, nullptr), "select rows");
    const auto memory = h5::simple_space({&count, 1});
    check(H5Dwrite(set, layouts_[i].type(), memory.id(), space.id(), H5P_DEFAULT, rows.data()), "append to a table");
    extents_[i] = total;
}

void TableFile::flush(Table table) { check(H5Dflush(sets_[index(table)].id()), "flush a table"); }

void TableFile::read_stored(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const {
    const auto i = index(table);
    ensure(first + count <= extents_[i], "only rows that exist are read");
    out.resize(count * layouts_[i].bytes());
    if (count == 0) return;
    const Handle space(H5Dget_space(sets_[i].id()), H5Sclose, "get a table's space");
    const hsize_t from = first;
    const hsize_t rows = count;
    check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &from, nullptr, &rows, nullptr), "select rows");
    const auto memory = h5::simple_space({&rows, 1});
    check(H5Dread(sets_[i].id(), layouts_[i].type(), memory.id(), space.id(), H5P_DEFAULT, out.data()),
          "read table " + std::string(tables[i].name));
}

void TableFile::read(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const {
    const auto& rows = layout(table);
    if (rows.same() || count == 0) return read_stored(table, first, count, out);
    Bytes stored;
    read_stored(table, first, count, stored);
    rows.convert(stored, out);
}

void TableFile::close() {
    for (auto& set : sets_) {
        if (set) set.close("close a table");
    }
    file_.close("close the run file");
}

}  // namespace stemma::record
