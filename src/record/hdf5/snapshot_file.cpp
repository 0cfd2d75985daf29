#include "record/hdf5/snapshot_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/crc32.hpp"
#include "core/error.hpp"
#include "record/hdf5/h5.hpp"
#include "record/hdf5/sync.hpp"

namespace stemma::record {

namespace {

using h5::check;
using h5::Handle;

constexpr std::string_view snapshot_format = "stemma-snapshot";
constexpr std::uint32_t snapshot_version = 1;
constexpr const char* paths_name = "/_paths";
constexpr const char* names_name = "/_names";

Handle half_type() {
    Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose, "make a type");
    check(H5Tset_fields(type.id(), 15, 10, 5, 0, 10), "set a type's fields");
    check(H5Tset_size(type.id(), 2), "set a type's size");
    check(H5Tset_ebias(type.id(), 15), "set a type's bias");
    return type;
}

/// The type in which h5py stores a bool.
Handle boolean_type() {
    Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose, "make a type");
    std::int8_t value = 0;
    check(H5Tenum_insert(type.id(), "FALSE", &value), "name a value");
    value = 1;
    check(H5Tenum_insert(type.id(), "TRUE", &value), "name a value");
    return type;
}

Handle type_of(DType type) {
    const auto copy = [](hid_t of) { return Handle(H5Tcopy(of), H5Tclose, "make a type"); };
    switch (type) {
        case DType::u8:
            return copy(H5T_STD_U8LE);
        case DType::i32:
            return copy(H5T_STD_I32LE);
        case DType::i64:
            return copy(H5T_STD_I64LE);
        case DType::f16:
            return half_type();
        case DType::bf16:
            return copy(H5T_STD_U16LE);
        case DType::f32:
            return copy(H5T_IEEE_F32LE);
        case DType::f64:
            return copy(H5T_IEEE_F64LE);
        case DType::boolean:
            return boolean_type();
    }
    throw h5::Error("a snapshot has an array of unknown type");
}

/// Names that HDF5 takes unchanged: "a/b", without empty, "." or ".." parts and no leading underscore (reserved for
/// Stemma).
bool plain(const std::string& name) {
    if (name.empty() || name.front() == '_' || name.find('\0') != std::string::npos) return false;
    for (std::size_t first = 0; first <= name.size();) {
        const auto end = std::min(name.find('/', first), name.size());
        const auto part = name.substr(first, end - first);
        if (part.empty() || part == "." || part == "..") return false;
        first = end + 1;
    }
    return true;
}

/// The path of each array: its own name, unless HDF5 cannot have that name or another array's group has it.
std::vector<std::string> dataset_paths(std::span<const ArrayInfo> arrays) {
    std::set<std::string> groups;
    for (const auto& array : arrays) {
        if (!plain(array.name)) continue;
        for (auto slash = array.name.find('/'); slash != std::string::npos; slash = array.name.find('/', slash + 1)) {
            groups.insert(array.name.substr(0, slash));
        }
    }
    std::vector<std::string> paths;
    for (const auto& array : arrays) {
        const bool own = plain(array.name) && !groups.contains(array.name);
        paths.push_back(own ? array.name : fmt::format("_array/{}", paths.size()));
    }
    return paths;
}

void write_array(hid_t file, const std::string& path, const ArrayInfo& array, std::span<const std::byte> content) {
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "make a list");
    check(H5Pset_create_intermediate_group(links.id(), 1), "have groups made");
    check(H5Pset_char_encoding(links.id(), H5T_CSET_UTF8), "use UTF-8");
    const std::vector<hsize_t> shape(array.shape.begin(), array.shape.end());
    const auto type = type_of(array.type);
    const auto space = h5::simple_space(shape);
    Handle set(H5Dcreate2(file, path.c_str(), type.id(), space.id(), links.id(), H5P_DEFAULT, H5P_DEFAULT), H5Dclose,
               "make " + path);
    if (!content.empty())
        check(H5Dwrite(set.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, content.data()), "write " + path);
    h5::write_attribute(set.id(), "dtype", name_of(array.type));
    const auto number = static_cast<std::uint8_t>(array.type);
    h5::write_attribute(set.id(), "dtype_number", H5T_STD_U8LE, &number);
    h5::write_attribute(set.id(), "crc32", crc32_of(content));
    set.close("close " + path);
}

/// Datasets carry their own checksums. This checksum is for the lists that map them to arrays.
std::uint32_t index_crc(std::span<const std::string> paths, std::span<const std::string> names) {
    Bytes bytes;
    ByteWriter out(bytes);
    for (const auto& path : paths) out.put(path);
    for (const auto& name : names) out.put(name);
    return crc32_of(bytes);
}

void write_all(const std::string& path, const Snapshot& snapshot, const SnapshotAttributes& attributes) {
    const auto arrays = snapshot.arrays();
    const auto paths = dataset_paths(arrays);
    std::vector<std::string> names;
    for (const auto& array : arrays) names.push_back(array.name);
    Handle file;
    {
        const h5::Guard guard;
        file = h5::open_file(path, h5::Mode::create);
        h5::write_attribute(file.id(), "format", snapshot_format);
        h5::write_attribute(file.id(), "format_version", snapshot_version);
        h5::write_attribute(file.id(), "run_id", attributes.run_id);
        h5::write_attribute(file.id(), "member", attributes.member.value);
        h5::write_attribute(file.id(), "resource", static_cast<std::uint64_t>(attributes.resource));
        h5::write_texts(file.id(), paths_name, paths);
        h5::write_texts(file.id(), names_name, names);
        h5::write_attribute(file.id(), "index_crc32", index_crc(paths, names));
    }
    // One lock for each array: a commit of the run file must not wait for all of them.
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        const h5::Guard guard;
        write_array(file.id(), paths[i], arrays[i], snapshot.content(arrays[i]));
    }
    const h5::Guard guard;
    file.close("close the file");
}

Handle open_snapshot(const std::string& path) {
    if (!std::filesystem::exists(path))
        throw UserError(path + ": there is no such snapshot; the member has to be trained again");
    if (H5Fis_hdf5(path.c_str()) <= 0) throw h5::Error("it is no HDF5 file");
    auto file = h5::open_file(path, h5::Mode::read);
    if (!h5::has_attribute(file.id(), "format") || h5::read_text_attribute(file.id(), "format") != snapshot_format) {
        throw h5::Error("it is another program's");
    }
    std::uint32_t version = 0;
    h5::read_attribute(file.id(), "format_version", H5T_NATIVE_UINT32, &version);
    if (version != snapshot_version) {
        throw h5::Error(fmt::format("it has format version {}, this program knows {}", version, snapshot_version));
    }
    return file;
}

void read_array(hid_t file, const std::string& path, const std::string& name, Snapshot& into) {
    const Handle set(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose, "open " + path);
    std::uint8_t number = 0;
    h5::read_attribute(set.id(), "dtype_number", H5T_NATIVE_UINT8, &number);
    const auto dtype = static_cast<DType>(number);
    const auto type = type_of(dtype);
    const Handle stored(H5Dget_type(set.id()), H5Tclose, "read a type");
    if (H5Tequal(stored.id(), type.id()) <= 0) throw h5::Error(name + " has another type than its attribute says");
    const Handle space(H5Dget_space(set.id()), H5Sclose, "read a shape");
    const auto rank = check(H5Sget_simple_extent_ndims(space.id()), "read a shape");
    std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
    check(H5Sget_simple_extent_dims(space.id(), shape.data(), nullptr), "read a shape");
    const auto count = check(H5Sget_simple_extent_npoints(space.id()), "read a shape");
    hsize_t file_bytes = 0;
    check(H5Fget_filesize(file, &file_bytes), "read its size");
    if (static_cast<hsize_t>(count) > file_bytes / size_of(dtype)) throw h5::Error(name + " is larger than the file");
    const auto content = into.add(name, dtype, {shape.begin(), shape.end()});
    if (!content.empty())
        check(H5Dread(set.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, content.data()), "read " + path);
    std::uint32_t expected = 0;
    h5::read_attribute(set.id(), "crc32", H5T_NATIVE_UINT32, &expected);
    if (crc32_of(content) != expected) throw h5::Error("the checksum of " + name + " is wrong");
}

UserError unreadable(const std::string& path, const h5::Error& error) {
    return UserError(
        fmt::format("{}: cannot be read as a snapshot: {}. The member has to be trained again", path, error.what()));
}

}  // namespace

void write_snapshot_file(const std::string& path, const Snapshot& snapshot, const SnapshotAttributes& attributes) {
    const auto temporary = path + ".writing";
    try {
        write_all(temporary, snapshot, attributes);
    } catch (const h5::Error& error) {
        std::error_code ignored;  // the error that matters is the first one
        std::filesystem::remove(temporary, ignored);
        throw UserError(
            fmt::format("{}: cannot be written: {}. Is the disk full or the folder not there?", path, error.what()));
    }
    sync_file(temporary);
    rename_durably(temporary, path);
}

Snapshot read_snapshot_file(const std::string& path) {
    const h5::Guard guard;
    try {
        const auto file = open_snapshot(path);
        const auto paths = h5::read_texts(file.id(), paths_name);
        const auto names = h5::read_texts(file.id(), names_name);
        std::uint32_t expected = 0;
        h5::read_attribute(file.id(), "index_crc32", H5T_NATIVE_UINT32, &expected);
        if (paths.size() != names.size() || index_crc(paths, names) != expected) {
            throw h5::Error("its list of arrays is damaged");
        }
        Snapshot snapshot;
        for (std::size_t i = 0; i < paths.size(); ++i) read_array(file.id(), paths[i], names[i], snapshot);
        return snapshot;
    } catch (const h5::Error& error) {
        throw unreadable(path, error);
    }
}

SnapshotAttributes read_snapshot_attributes(const std::string& path) {
    const h5::Guard guard;
    try {
        const auto file = open_snapshot(path);
        SnapshotAttributes attributes;
        attributes.run_id = h5::read_text_attribute(file.id(), "run_id");
        h5::read_attribute(file.id(), "member", H5T_NATIVE_UINT64, &attributes.member.value);
        h5::read_attribute(file.id(), "resource", H5T_NATIVE_INT64, &attributes.resource);
        return attributes;
    } catch (const h5::Error& error) {
        throw unreadable(path, error);
    }
}

std::filesystem::path snapshot_folder(const std::filesystem::path& run_file) {
    return run_file.string() + ".snapshots";
}

std::filesystem::path snapshot_path(const std::filesystem::path& run_file, SnapshotId id) {
    return snapshot_folder(run_file) / fmt::format("{:08}.h5", id.value);
}

}  // namespace stemma::record
