#include "record/hdf5/table_file.hpp"

#include <fmt/format.h>

#include "core/crc32.hpp"
#include "core/error.hpp"

namespace stemma {

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

/// Packed, so that memory and file have the same bytes and HDF5 converts nothing.
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

void create_table(hid_t file, Table table, const RunHeader& header, Storage storage) {
    const auto& described = spec(table);
    const Handle options(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "make a creation list");
    const hsize_t chunk = described.chunk_rows;
    check(H5Pset_chunk(options.id(), 1, &chunk), "set a chunk size");
    // Together with the writer's chunk cache of no size: rows go to the kernel as they are, not chunk by chunk.
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

std::uint32_t header_crc(const RunHeader& header) {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const auto* text : {&header.run_id, &header.name, &header.job_text, &header.overrides, &header.program_version,
                             &header.git_hash, &header.metric, &header.unit, &header.space_json}) {
        out.put(*text);
    }
    out.put(header.seed);
    out.put(header.started_unix);
    out.put(static_cast<std::uint8_t>(header.maximise));
    out.put(header.parameters);
    for (const auto& metric : header.metrics) {
        out.put(metric.name);
        out.put(static_cast<std::uint8_t>(metric.held_out));
    }
    if (!header.machines.empty()) out.put(header.machines);  // older files have none
    return crc32_of(bytes);
}

void write_flags(hid_t file, const char* name, const std::vector<MetricInfo>& metrics) {
    std::vector<std::uint8_t> flags;
    for (const auto& metric : metrics) flags.push_back(metric.held_out ? 1 : 0);
    const hsize_t count = flags.size();
    const auto space = h5::simple_space({&count, 1});
    Handle set(H5Dcreate2(file, name, H5T_STD_U8LE, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
               "make a dataset");
    check(H5Dwrite(set.id(), H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, flags.data()), "write a dataset");
    set.close("close a dataset");
}

std::vector<std::uint8_t> read_flags(hid_t file, const char* name, std::size_t expected) {
    const Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose, std::string("open dataset ") + name);
    const Handle space(H5Dget_space(set.id()), H5Sclose, "read a shape");
    if (H5Sget_simple_extent_npoints(space.id()) != static_cast<hssize_t>(expected)) {
        throw h5::Error(std::string("HDF5: ") + name + " has another length than the list of metrics");
    }
    std::vector<std::uint8_t> flags(expected);
    if (expected > 0)
        check(H5Dread(set.id(), H5T_STD_U8LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, flags.data()), "read a dataset");
    return flags;
}

void write_header(hid_t file, const RunHeader& header, std::uint32_t file_incarnation) {
    h5::write_attribute(file, "format", run_file_format);
    h5::write_attribute(file, "format_version", run_file_version);
    h5::write_attribute(file, "file_incarnation", file_incarnation);
    h5::write_attribute(file, "run_id", header.run_id);
    h5::write_attribute(file, "name", header.name);
    h5::write_attribute(file, "seed", header.seed);
    h5::write_attribute(file, "metric", header.metric);
    const std::uint8_t maximise = header.maximise ? 1 : 0;
    h5::write_attribute(file, "maximise", H5T_STD_U8LE, &maximise);
    h5::write_attribute(file, "unit", header.unit);
    h5::write_attribute(file, "program_version", header.program_version);
    h5::write_attribute(file, "git_hash", header.git_hash);
    h5::write_attribute(file, "machines", header.machines);
    h5::write_attribute(file, "started_unix", header.started_unix);
    h5::write_attribute(file, "header_crc32", header_crc(header));
    h5::write_text(file, "/job", header.job_text);
    h5::write_text(file, "/overrides", header.overrides);
    h5::write_text(file, "/space", header.space_json);
    h5::write_texts(file, "/parameter_names", header.parameters);
    std::vector<std::string> names;
    for (const auto& metric : header.metrics) names.push_back(metric.name);
    h5::write_texts(file, "/metric_names", names);
    write_flags(file, "/metric_held_out", header.metrics);
}

}  // namespace

void create_run_file(const std::string& path, const RunHeader& header, std::uint32_t file_incarnation,
                     Storage storage) {
    auto file = h5::open_file(path, h5::Mode::create);
    write_header(file.id(), header, file_incarnation);
    for (std::size_t i = 0; i < table_count; ++i) create_table(file.id(), static_cast<Table>(i), header, storage);
    file.close("close a new run file");
}

void check_format(hid_t file, const std::string& path) {
    if (!h5::has_attribute(file, "format") || h5::read_text_attribute(file, "format") != run_file_format) {
        throw UserError(
            path + ": is an HDF5 file, but not a run file of Stemma. Give the file that `stemma run` wrote (RUN.h5)");
    }
    std::uint32_t version = 0;
    h5::read_attribute(file, "format_version", H5T_NATIVE_UINT32, &version);
    if (version == run_file_version) return;
    throw UserError(fmt::format(
        "{}: has format version {}, this program knows version {}. Use the version of Stemma that wrote it ({}), "
        "or a newer one",
        path, version, run_file_version,
        h5::has_attribute(file, "program_version") ? h5::read_text_attribute(file, "program_version") : "unknown"));
}

RunHeader read_header(hid_t file) {
    RunHeader header;
    header.run_id = h5::read_text_attribute(file, "run_id");
    header.name = h5::read_text_attribute(file, "name");
    h5::read_attribute(file, "seed", H5T_NATIVE_UINT64, &header.seed);
    header.metric = h5::read_text_attribute(file, "metric");
    std::uint8_t maximise = 0;
    h5::read_attribute(file, "maximise", H5T_NATIVE_UINT8, &maximise);
    header.maximise = maximise != 0;
    header.unit = h5::read_text_attribute(file, "unit");
    header.program_version = h5::read_text_attribute(file, "program_version");
    header.git_hash = h5::read_text_attribute(file, "git_hash");
    if (h5::has_attribute(file, "machines")) header.machines = h5::read_text_attribute(file, "machines");
    h5::read_attribute(file, "started_unix", H5T_NATIVE_DOUBLE, &header.started_unix);
    header.job_text = h5::read_text(file, "/job");
    header.overrides = h5::read_text(file, "/overrides");
    header.space_json = h5::read_text(file, "/space");
    header.parameters = h5::read_texts(file, "/parameter_names");
    const auto names = h5::read_texts(file, "/metric_names");
    const auto held_out = read_flags(file, "/metric_held_out", names.size());
    for (std::size_t i = 0; i < names.size(); ++i) header.metrics.push_back({names[i], held_out[i] != 0});
    std::uint32_t stored = 0;
    h5::read_attribute(file, "header_crc32", H5T_NATIVE_UINT32, &stored);
    if (stored != header_crc(header)) throw h5::Error("the header's checksum is wrong");
    return header;
}

std::uint32_t read_file_incarnation(hid_t file) {
    std::uint32_t value = 0;
    h5::read_attribute(file, "file_incarnation", H5T_NATIVE_UINT32, &value);
    return value;
}

TableFile::TableFile(h5::Handle file, const RunHeader& header, bool writable) : file_(std::move(file)) {
    const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose, "make an access list");
    if (writable) check(H5Pset_chunk_cache(access.id(), 1, 0, 1), "leave the chunk cache off");
    // Commits first: a live writer commits after it has appended, so what is opened later has all that is committed.
    for (std::size_t left = table_count; left > 0; --left) {
        const auto i = left - 1;
        const auto table = static_cast<Table>(i);
        const std::string name(tables[i].name);
        sets_[i] = Handle(H5Dopen2(file_.id(), name.c_str(), access.id()), H5Dclose, "open table " + name);
        types_[i] = row_type(table, header);
        const Handle stored(H5Dget_type(sets_[i].id()), H5Tclose, "read a table's columns");
        if (H5Tequal(stored.id(), types_[i].id()) <= 0) {
            throw h5::Error("table " + name + " has other columns than the schema of this version");
        }
        const Handle space(H5Dget_space(sets_[i].id()), H5Sclose, "read a table's size");
        if (H5Sget_simple_extent_ndims(space.id()) != 1)
            throw h5::Error("table " + name + " has another shape than the schema says");
        extents_[i] =
            static_cast<std::uint64_t>(check(H5Sget_simple_extent_npoints(space.id()), "read a table's size"));
        row_bytes_[i] = stemma::row_bytes(table, header);
    }
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
    check(H5Dwrite(set, types_[i].id(), memory.id(), space.id(), H5P_DEFAULT, rows.data()), "append to a table");
    extents_[i] = total;
}

void TableFile::flush(Table table) { check(H5Dflush(sets_[index(table)].id()), "flush a table"); }

void TableFile::read(Table table, std::uint64_t first, std::uint64_t count, Bytes& out) const {
    const auto i = index(table);
    ensure(first + count <= extents_[i], "only rows that exist are read");
    out.resize(count * row_bytes_[i]);
    if (count == 0) return;
    const Handle space(H5Dget_space(sets_[i].id()), H5Sclose, "get a table's space");
    const hsize_t from = first;
    const hsize_t rows = count;
    check(H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &from, nullptr, &rows, nullptr), "select rows");
    const auto memory = h5::simple_space({&rows, 1});
    check(H5Dread(sets_[i].id(), types_[i].id(), memory.id(), space.id(), H5P_DEFAULT, out.data()),
          "read table " + std::string(tables[i].name));
}

void TableFile::close() {
    for (auto& set : sets_) set.close("close a table");
    file_.close("close the run file");
}

}  // namespace stemma
