#include "record/hdf5/sync.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/error.hpp"

namespace stemma::record {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
    throw UserError(fmt::format("{}: cannot be {} ({}); check the disk", path.string(), what, std::strerror(errno)));
}

}  // namespace

void sync_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path, "opened");
    const bool ok = ::fdatasync(file) == 0;
    ::close(file);
    if (!ok) fail(path, "written to the disk");
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code ignored;
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(to, ignored))) {
        throw UserError(fmt::format("{}: has become a link, which is not replaced; the file that belongs there is {}",
                                    to.string(), from.string()));
    }
    if (std::rename(from.c_str(), to.c_str()) != 0) fail(from, ("renamed to " + to.string()).c_str());
    const auto folder = to.has_parent_path() ? to.parent_path() : std::filesystem::path(".");
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) fail(folder, "opened");
    // Some file systems refuse to sync folders. The rename itself has happened.
    static_cast<void>(::fsync(file));
    ::close(file);
}

}  // namespace stemma::record
