#include "record/hdf5/h5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "platform/own_files.hpp"

namespace stemma::h5 {

namespace {

std::recursive_mutex& library_lock() {
    static std::recursive_mutex mutex;
    return mutex;
}

herr_t keep_innermost(unsigned, const H5E_error2_t* error, void* text) {
    if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
    return 0;
}

constexpr std::size_t text_limit = std::size_t{1} << 30U;  // a damaged length must not ask for all memory

}  // namespace

Guard::Guard() : lock_(library_lock()) {
    // Files are closed by their handles. A file that a full disk has broken is never closed. It must not be closed at
    // exit either: the library would crash over it.
    [[maybe_unused]] static const herr_t once = H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void throw_error(std::string_view what) {
    std::string text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, &text);
    H5Eclear2(H5E_DEFAULT);
    // After a failed write(2) only the system's words help: "..., error message = 'No space left on device', buf = ..."
    constexpr std::string_view mark = "error message = '";
    if (const auto at = text.find(mark); at != std::string::npos) {
        text = text.substr(at + mark.size(), text.find('\'', at + mark.size()) - at - mark.size());
    }
    throw Error("HDF5 cannot " + std::string(what) + (text.empty() ? "" : ": " + text));
}

Handle::Handle(hid_t id, Close closer, std::string_view what) : id_(check(id, what)), close_(closer) {}

Handle& Handle::operator=(Handle&& other) noexcept {
    if (this != &other) {
        reset();
        id_ = std::exchange(other.id_, H5I_INVALID_HID);
        close_ = other.close_;
    }
    return *this;
}

void Handle::reset() noexcept {
    if (id_ < 0) return;
    // When an exception leaves a scope, its handles are closed after its Guard is gone.
    const std::scoped_lock lock(library_lock());
    close_(id_);
    id_ = H5I_INVALID_HID;
}

void Handle::close(std::string_view what) {
    if (id_ >= 0) check(close_(std::exchange(id_, H5I_INVALID_HID)), what);
}

namespace {

/// A list for creating a file whose metadata blocks never cross a boundary of a page of the kernel. SIGKILL cuts a
/// write(2) short, but only between pages. A block that crosses no boundary is written whole or not at all, and the
/// file of a killed writer can be read. (Blocks are at most 2 kB up to 8,000 chunks in a table, which is 10^7 rows and
/// more.)
Handle page_wise() {
    constexpr hsize_t page = 4096;
    Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "make a creation list");
    check(H5Pset_file_space_strategy(creation.id(), H5F_FSPACE_STRATEGY_PAGE, false, 1), "allocate page by page");
    check(H5Pset_file_space_page_size(creation.id(), page), "set the size of a page");
    return creation;
}

/// HDF5 alone would follow a link, and write over its target.
void make_own(const std::string& path) {
    try {
        make_own_file(path);
    } catch (const std::filesystem::filesystem_error& error) {
        throw Error(fmt::format("{} ({})", path, error.code().message()));
    }
}

}  // namespace

Handle open_file(const std::string& path, Mode mode) {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "make an access list");
    check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST), "choose its format");
    check(H5Pset_file_locking(access.id(), false, true), "leave its file locking off");
    check(H5Pset_sieve_buf_size(access.id(), 0), "leave its sieve buffer off");
    // A live reader that meets half-written metadata waits 1, 2, 4, ... ns between attempts: 67 ms in all. By default
    // it would try 100 times: it would never return from a damaged file.
    if (mode == Mode::swmr_read) check(H5Pset_metadata_read_attempts(access.id(), 26), "limit its attempts");
    const auto opened = [&](hid_t id) { return Handle(id, H5Fclose, "open the file"); };
    switch (mode) {
        case Mode::create:
            make_own(path);
            return opened(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, page_wise().id(), access.id()));
        case Mode::write:
            return opened(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id()));
        case Mode::swmr_write:
            return opened(H5Fopen(path.c_str(), H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access.id()));
        case Mode::swmr_read:
            return opened(H5Fopen(path.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access.id()));
        case Mode::read:
            return opened(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()));
    }
    throw Error("no such mode");
}

Handle text_type(std::size_t size) {
    Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "make a text type");
    check(H5Tset_size(type.id(), std::max<std::size_t>(1, size)), "size a text type");
    check(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "pad a text type");
    check(H5Tset_cset(type.id(), H5T_CSET_UTF8), "make a text type UTF-8");
    return type;
}

Handle simple_space(std::span<const hsize_t> dims, std::span<const hsize_t> max) {
    if (dims.empty()) return Handle(H5Screate(H5S_SCALAR), H5Sclose, "make a scalar space");
    return Handle(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), max.empty() ? nullptr : max.data()),
                  H5Sclose, "make a space");
}

void write_attribute(hid_t object, const char* name, hid_t type, const void* value) {
    const auto space = simple_space({});
    Handle attribute(H5Acreate2(object, name, type, space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                     "make an attribute");
    check(H5Awrite(attribute.id(), type, value), "write an attribute");
    attribute.close("close an attribute");
}

void write_attribute(hid_t object, const char* name, std::string_view text) {
    // One zero byte for an empty text: HDF5 has no type of length 0.
    write_attribute(object, name, text_type(text.size()).id(), text.empty() ? "" : text.data());
}
void write_attribute(hid_t object, const char* name, std::uint32_t value) {
    write_attribute(object, name, H5T_STD_U32LE, &value);
}
void write_attribute(hid_t object, const char* name, std::uint64_t value) {
    write_attribute(object, name, H5T_STD_U64LE, &value);
}
void write_attribute(hid_t object, const char* name, double value) {
    write_attribute(object, name, H5T_IEEE_F64LE, &value);
}

bool has_attribute(hid_t object, const char* name) {
    return check(H5Aexists(object, name), "look for an attribute") > 0;
}

namespace {

Handle open_attribute(hid_t object, const char* name) {
    return Handle(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, "open attribute " + std::string(name));
}

void require_scalar(hid_t space, const char* name) {
    if (H5Sget_simple_extent_npoints(space) != 1) throw Error("HDF5: " + std::string(name) + " is not a single value");
}

/// Size of a fixed-length text type; throws on other types.
std::size_t text_size(hid_t type, const char* name) {
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0) {
        throw Error("HDF5: " + std::string(name) + " is not a text of fixed length");
    }
    const auto size = H5Tget_size(type);
    if (size == 0 || size > text_limit)
        throw Error("HDF5: " + std::string(name) + " has a text of an impossible length");
    return size;
}

std::string trimmed(std::string text) {
    text.resize(text.find_last_not_of('\0') + 1);
    return text;
}

}  // namespace

void read_attribute(hid_t object, const char* name, hid_t type, void* value) {
    const auto attribute = open_attribute(object, name);
    const Handle space(H5Aget_space(attribute.id()), H5Sclose, "read an attribute's shape");
    require_scalar(space.id(), name);
    check(H5Aread(attribute.id(), type, value), "read attribute " + std::string(name));
}

std::string read_text_attribute(hid_t object, const char* name) {
    const auto attribute = open_attribute(object, name);
    const Handle space(H5Aget_space(attribute.id()), H5Sclose, "read an attribute's shape");
    require_scalar(space.id(), name);
    const Handle type(H5Aget_type(attribute.id()), H5Tclose, "read an attribute's type");
    std::string text(text_size(type.id(), name), '\0');
    check(H5Aread(attribute.id(), text_type(text.size()).id(), text.data()), "read attribute " + std::string(name));
    return trimmed(std::move(text));
}

namespace {

void write_block(hid_t file, const char* name, hid_t type, hid_t space, const void* data) {
    Handle set(H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose, "make a dataset");
    check(H5Dwrite(set.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write a dataset");
    set.close("close a dataset");
}

/// All texts of a dataset, back to back, and the length of each.
std::pair<std::string, std::size_t> read_block(hid_t file, const char* name) {
    const Handle set(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose, "open dataset " + std::string(name));
    const Handle type(H5Dget_type(set.id()), H5Tclose, "read a type");
    const Handle space(H5Dget_space(set.id()), H5Sclose, "read a shape");
    const auto size = text_size(type.id(), name);
    const auto count = check(H5Sget_simple_extent_npoints(space.id()), "read a shape");
    if (static_cast<std::size_t>(count) > text_limit / size)
        throw Error("HDF5: " + std::string(name) + " is impossibly large");
    std::string block(size * static_cast<std::size_t>(count), '\0');
    if (count > 0) {
        check(H5Dread(set.id(), text_type(size).id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, block.data()),
              "read dataset " + std::string(name));
    }
    return {std::move(block), size};
}

}  // namespace

void write_text(hid_t file, const char* name, std::string_view text) {
    write_block(file, name, text_type(text.size()).id(), simple_space({}).id(), text.empty() ? "" : text.data());
}

std::string read_text(hid_t file, const char* name) { return trimmed(read_block(file, name).first); }

void write_texts(hid_t file, const char* name, std::span<const std::string> texts) {
    std::size_t size = 1;
    for (const auto& text : texts) size = std::max(size, text.size());
    std::string block(size * texts.size(), '\0');
    for (std::size_t i = 0; i < texts.size(); ++i) texts[i].copy(block.data() + i * size, size);
    const hsize_t count = texts.size();
    write_block(file, name, text_type(size).id(), simple_space({&count, 1}).id(), block.data());
}

std::vector<std::string> read_texts(hid_t file, const char* name) {
    const auto [block, size] = read_block(file, name);
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < block.size(); at += size) texts.push_back(trimmed(block.substr(at, size)));
    return texts;
}

}  // namespace stemma::h5
