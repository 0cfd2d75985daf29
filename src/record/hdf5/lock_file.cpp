#include "record/hdf5/lock_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.hpp"
#include "record/hdf5/lock_holder.hpp"
#include "record/hdf5/until_fork.hpp"

namespace stemma::record {

namespace {

/// An open lock file. The destructor closes it unless it was released.
class Opened {
public:
    explicit Opened(int file) : file_(file) {}
    Opened(Opened&& other) noexcept : file_(other.release()) {}
    ~Opened() {
        if (file_ >= 0) ::close(file_);
    }
    explicit operator bool() const { return file_ >= 0; }
    int number() const { return file_; }
    int release() { return std::exchange(file_, -1); }

private:
    int file_;
};

UserError another_has_just(const std::filesystem::path& path) {
    return UserError(fmt::format("{}: another process has just taken over the run file", path.string()));
}

UserError cannot_be_made(const std::filesystem::path& path) {
    if (errno == ELOOP) {
        return UserError(
            fmt::format("{}: is a link, which Stemma does not follow: what it points to might be "
                        "overwritten. Remove the link",
                        path.string()));
    }
    return UserError(fmt::format("{}: cannot be made ({}); choose a folder that can be written to", path.string(),
                                 std::strerror(errno)));
}

/// Nothing if the file exists already.
Opened make_new(const std::filesystem::path& path) {
    Opened file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file && errno != EEXIST) throw cannot_be_made(path);
    return file;
}

/// Nothing if the file is gone.
Opened open_old(const std::filesystem::path& path) {
    Opened file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    // The file of another user, in a folder that both users can write to.
    if (!file && errno == EACCES) return Opened(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file && errno != ENOENT) throw cannot_be_made(path);
    return file;
}

Flock lock(const Opened& file) {
    while (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return Flock::others;
        if (errno != EINTR) return Flock::unknown;  // this file system has none
    }
    return Flock::ours;
}

std::string read_all(const Opened& file) {
    std::string text(4096, '\0');
    const auto size = ::pread(file.number(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

/// True if the file is still the one under this name.
bool stands_under(const Opened& file, const std::filesystem::path& path) {
    struct ::stat opened {};
    struct ::stat named {};
    return ::fstat(file.number(), &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

void write_all(const Opened& file, const std::filesystem::path& path, const std::string& content) {
    if (::ftruncate(file.number(), 0) == 0 &&
        ::pwrite(file.number(), content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()))
        return;
    ::unlink(path.c_str());
    throw UserError(fmt::format("{}: cannot be written; is the disk full?", path.string()));
}

/// A new lock: the empty `file` was made just now. Where the file system has no flock, the content is written before
/// other processes look for it.
Opened begin(Opened file, const std::filesystem::path& path, const std::string& content) {
    if (lock(file) == Flock::others) throw another_has_just(path);
    write_all(file, path, content);
    return file;
}

/// The old lock is moved away first: of two processes that take over at the same time, one finds its move undone.
Opened replace(const std::filesystem::path& path, const std::string& text, const LockHolder& self) {
    // Without the run file's name, which may be as long as names can be.
    const auto aside = path.parent_path() / fmt::format(".stemma-lock.{}.{}", self.host, self.pid);
    if (::rename(path.c_str(), aside.c_str()) == 0) {
        const Opened moved(::open(aside.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
        if (!moved || read_all(moved) != text) {
            static_cast<void>(::link(aside.c_str(), path.c_str()));
            ::unlink(aside.c_str());
            throw another_has_just(path);
        }
    }
    ::unlink(aside.c_str());
    auto file = make_new(path);
    if (!file) throw another_has_just(path);
    return begin(std::move(file), path, text_of(self));
}

UserError held(const std::filesystem::path& path, const LockHolder& holder, const LockHolder& self) {
    const bool here = holder.host == self.host;
    const bool same_numbers = !here || holder.pid_namespace == self.pid_namespace;
    return UserError(
        fmt::format("{}: process {}{} on host {}{} writes to the run file. Stop it first (`stemma stop`){}",
                    path.string(), holder.pid, same_numbers ? "" : " (as its container counts)", holder.host,
                    holder.job.empty() ? "" : ", batch job " + holder.job,
                    here ? "" : "; if it no longer runs, remove the lock file"));
}

UserError taken_over(const std::filesystem::path& path, const std::string& text) {
    const auto holder = parse_lock_holder(text);
    return UserError(fmt::format(
        "{}: {} has taken over the run file. This search ends, and writes nothing more to it", path.string(),
        holder ? fmt::format("process {} on host {}", holder->pid, holder->host) : std::string("another process")));
}

}  // namespace

LockFile::LockFile(std::filesystem::path path, BatchStart start) : path_(std::move(path)), owner_(::getpid()) {
    const auto self = lock_holder_of_this_process(std::move(start));
    content_ = text_of(self);
    // Repeats only if the earlier lock disappears at this moment.
    for (int attempt = 0; attempt < 100 && file_ < 0; ++attempt) {
        if (auto made = make_new(path_)) {
            file_ = begin(std::move(made), path_, content_).release();
            break;
        }
        auto old = open_old(path_);
        if (!old) continue;
        const auto flock = lock(old);
        if (flock == Flock::ours && !stands_under(old, path_)) continue;
        const auto text = read_all(old);
        if (text.empty() && flock == Flock::others) throw another_has_just(path_);
        const auto holder = parse_lock_holder(text);
        if (!holder && !(text.empty() && flock == Flock::ours)) {
            throw UserError(fmt::format(
                "{}: is not a lock of this program. If no search writes to the run file, remove it", path_.string()));
        }
        const auto gone = holder ? why_gone(*holder, self, flock) : "which ended before it wrote its name";
        if (gone.empty()) throw held(path_, *holder, self);
        const bool writable = (::fcntl(old.number(), F_GETFL) & O_ACCMODE) == O_RDWR;
        if (flock == Flock::ours && writable) {
            write_all(old, path_, content_);
            file_ = old.release();
        } else {
            file_ = replace(path_, text, self).release();
        }
        if (holder) {
            notice_ = fmt::format("{}: taken over from process {} on host {}, {}", path_.string(), holder->pid,
                                  holder->host, gone);
        }
    }
    if (file_ < 0) throw another_has_just(path_);
    close_at_fork(file_);
}

void LockFile::renew() {
    if (const Opened found(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)); found) {
        const auto text = read_all(found);
        if (text != content_) throw taken_over(path_, text);
        return;
    }
    if (errno != ENOENT) return;
    Opened made(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!made) return;  // another process may be faster: the next call tells
    // First the old flock goes: on FUSE a new file may be the removed one to the kernel.
    keep_at_fork(file_);
    ::close(std::exchange(file_, -1));
    file_ = begin(std::move(made), path_, content_).release();
    close_at_fork(file_);
}

Writer writer_of(const std::filesystem::path& path) {
    const auto file = open_old(path);
    const auto holder = file ? parse_lock_holder(read_all(file)) : std::nullopt;
    if (!holder) return Writer::none;
    const auto self = lock_holder_of_this_process({});
    if (holder->host != self.host) return Writer::elsewhere;
    // The kernel's lock is not tried: a process that starts at this moment would find it taken.
    return why_gone(*holder, self, Flock::unknown).empty() ? Writer::here : Writer::none;
}

LockFile::~LockFile() {
    if (::getpid() != owner_) return;  // in a child, which has closed it
    const Opened file(file_);
    keep_at_fork(file_);
    // Another process may have taken over in the belief that this one is dead.
    if (stands_under(file, path_) && read_all(file) == content_) ::unlink(path_.c_str());
}

}  // namespace stemma::record
