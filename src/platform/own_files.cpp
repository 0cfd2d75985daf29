#include "platform/own_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.hpp"

namespace stemma {

namespace fs = std::filesystem;

namespace {

constexpr ::mode_t by_umask = 0666;

[[noreturn]] void fail(const char* what, const fs::path& path) {
    throw fs::filesystem_error(what, path, std::error_code(errno, std::generic_category()));
}

void make(const fs::path& path, int flags) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, by_umask);
    if (file < 0) fail("cannot be made", path);
    ::close(file);
}

}  // namespace

void make_own_file(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("stands in the way and cannot be removed", path);
    make(path, O_EXCL);
}

void make_file_to_append_to(const fs::path& path) { make(path, O_APPEND); }

bool is_own_file(const fs::path& path) {
    struct ::stat about {};
    return ::lstat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == ::geteuid();
}

void make_private_folder(const fs::path& folder) {
    constexpr ::mode_t ours_alone = 0700;
    constexpr ::mode_t others_may_write = 0022;
    const auto refuse = [&](const std::string& why) {
        throw UserError(folder.string() + ": " + why +
                        ". Remove it, or have it removed, or set TMPDIR to a folder of your own");
    };
    if (::mkdir(folder.c_str(), ours_alone) == 0) return;
    if (errno != EEXIST) refuse(std::string("cannot be made (") + std::strerror(errno) + ")");
    struct ::stat about {};
    if (::lstat(folder.c_str(), &about) != 0) refuse(std::string("cannot be read (") + std::strerror(errno) + ")");
    if (S_ISLNK(about.st_mode)) refuse("is a link, where a folder of yours alone is needed");
    if (!S_ISDIR(about.st_mode)) refuse("is no folder");
    if (about.st_uid != ::geteuid()) refuse("belongs to another user");
    if ((about.st_mode & others_may_write) != 0) refuse("can be written to by others, who may have put files there");
    if ((about.st_mode & 0777) != ours_alone && ::chmod(folder.c_str(), ours_alone) != 0)
        refuse(std::string("cannot be closed to others (") + std::strerror(errno) + ")");
}

}  // namespace stemma
