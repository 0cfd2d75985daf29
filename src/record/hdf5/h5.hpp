#pragma once
// A thin C++ layer over the HDF5 C API: handles that close themselves, errors that throw, one lock. Used inside
// record/hdf5 only.
//
// Debian's serial HDF5 is not thread-safe. In-process workers write snapshots while rank 0's thread appends to the run
// file. So every call into HDF5 happens under Guard. Public functions of this folder hold it for as short as they can:
// a large snapshot is written array by array, so that a commit waits for one array at most.

#include <hdf5.h>

#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"

namespace stemma::h5 {

/// An error text of the HDF5 library. Callers turn it into a UserError that names the file and the remedy.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Holds the process-wide HDF5 lock, and keeps the library from printing its error stack.
class Guard {
public:
    Guard();

private:
    std::unique_lock<std::recursive_mutex> lock_;
};

/// An identifier that is closed with its scope. Throws Error when made from a failed call.
class Handle {
public:
    using Close = herr_t (*)(hid_t);
    Handle() = default;
    Handle(hid_t id, Close closer, std::string_view what);
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
    Handle& operator=(Handle&& other) noexcept;
    ~Handle() { reset(); }

    hid_t id() const { return id_; }
    explicit operator bool() const { return id_ >= 0; }
    void reset() noexcept;
    /// Closes the identifier. Throws Error if that failed.
    void close(std::string_view what);

private:
    hid_t id_ = H5I_INVALID_HID;
    Close close_ = nullptr;
};

[[noreturn]] void throw_error(std::string_view what);
/// Throws Error with the library's own words if `status` is negative.
template <class Status>
Status check(Status status, std::string_view what) {
    if (status < 0) [[unlikely]]
        throw_error(what);
    return status;
}

enum class Mode { create, write, swmr_write, swmr_read, read };
/// Latest format (which SWMR needs), no file locking of HDF5's own, no sieve buffer (raw data go directly to the
/// kernel).
Handle open_file(const std::string& path, Mode mode);

Handle text_type(std::size_t size);  ///< fixed length, null-padded, UTF-8
Handle simple_space(std::span<const hsize_t> dims, std::span<const hsize_t> max = {});

void write_attribute(hid_t object, const char* name, hid_t type, const void* value);
void write_attribute(hid_t object, const char* name, std::string_view text);
void write_attribute(hid_t object, const char* name, std::uint32_t value);
void write_attribute(hid_t object, const char* name, std::uint64_t value);
void write_attribute(hid_t object, const char* name, double value);
bool has_attribute(hid_t object, const char* name);
void read_attribute(hid_t object, const char* name, hid_t type, void* value);
std::string read_text_attribute(hid_t object, const char* name);

/// Fixed-length texts (null-padded): a scalar dataset, or a list. Never of variable length: kill -9 would lose those.
void write_text(hid_t file, const char* name, std::string_view text);
std::string read_text(hid_t file, const char* name);
void write_texts(hid_t file, const char* name, std::span<const std::string> texts);
std::vector<std::string> read_texts(hid_t file, const char* name);

}  // namespace stemma::h5
