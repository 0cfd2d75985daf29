#include "record/hdf5/lock_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "core/error.hpp"

namespace stemma {

namespace {

struct Holder {
    std::string host;
    long pid = 0;
    std::string start;  ///< of the process, clock ticks since boot: a pid is given again
    std::string job;    ///< "-" if none
};

std::string this_host() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("unknown");
}

struct ProcessStat {
    std::string state;  ///< "Z": ended, but nobody has waited for it; "" if it cannot be read
    std::string start;  ///< clock ticks since boot
};

/// Fields 3 and 22 of /proc/PID/stat.
ProcessStat stat_of(long pid) {
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    std::string text;
    ProcessStat stat;
    if (!std::getline(in, text)) return stat;
    // The program's name stands in parentheses and may hold anything.
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    fields >> stat.state;
    for (int number = 4; number <= 22; ++number) fields >> stat.start;
    return stat;
}

std::string read_all(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<Holder> parse(const std::string& text) {
    std::istringstream in(text);
    Holder holder;
    if (in >> holder.host >> holder.pid >> holder.start >> holder.job) return holder;
    return std::nullopt;
}

bool runs(const Holder& holder) {
    if (::kill(static_cast<pid_t>(holder.pid), 0) != 0 && errno == ESRCH) return false;
    const auto stat = stat_of(holder.pid);
    // A zombie writes no more; where nobody waits for orphans, as in many containers, it stays for ever.
    if (stat.state == "Z") return false;
    return stat.start.empty() || stat.start == holder.start;
}

bool write_new(const std::filesystem::path& path, const std::string& content) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) {
        if (errno == EEXIST) return false;
        throw UserError(fmt::format("{}: cannot be made ({}); choose a folder that can be written to", path.string(),
                                    std::strerror(errno)));
    }
    const auto written = ::write(file, content.data(), content.size());
    ::close(file);
    if (written == static_cast<ssize_t>(content.size())) return true;
    ::unlink(path.c_str());
    throw UserError(fmt::format("{}: cannot be written; is the disk full?", path.string()));
}

}  // namespace

LockFile::LockFile(std::filesystem::path path, std::string job) : path_(std::move(path)) {
    const auto host = this_host();
    if (job.empty()) job = "-";
    content_ = fmt::format("{} {} {} {}\n", host, ::getpid(), stat_of(::getpid()).start, job);
    if (write_new(path_, content_)) return;

    const auto text = read_all(path_);
    const auto holder = parse(text);
    if (!holder) {
        throw UserError(fmt::format("{}: is not a lock of this program. If no search writes to the run file, remove it",
                                    path_.string()));
    }
    const bool same_job = job != "-" && holder->job == job;
    const bool dead = holder->host == host && !runs(*holder);
    if (!same_job && !dead) {
        throw UserError(fmt::format(
            "{}: process {} on host {}{} writes to the run file. Stop it first (`stemma stop`){}", path_.string(),
            holder->pid, holder->host, holder->job == "-" ? "" : ", batch job " + holder->job,
            holder->host == host ? "" : "; if it no longer runs, remove the lock file"));
    }
    // Moved away first: of two that take over at the same time, one finds its move undone.
    const auto aside = fmt::format("{}.{}.{}", path_.string(), host, ::getpid());
    if (::rename(path_.c_str(), aside.c_str()) == 0 && read_all(aside) != text) {
        static_cast<void>(::link(aside.c_str(), path_.c_str()));
        ::unlink(aside.c_str());
        throw UserError(fmt::format("{}: another process has just taken over the run file", path_.string()));
    }
    ::unlink(aside.c_str());
    if (!write_new(path_, content_)) {
        throw UserError(fmt::format("{}: another process has just taken over the run file", path_.string()));
    }
    notice_ = fmt::format("{}: taken over from process {} on host {}, {}", path_.string(), holder->pid, holder->host,
                          dead ? "which no longer runs" : "which belonged to the same batch job");
}

Writer writer_of(const std::filesystem::path& path) {
    const auto holder = parse(read_all(path));
    if (!holder) return Writer::none;
    if (holder->host != this_host()) return Writer::elsewhere;
    return runs(*holder) ? Writer::here : Writer::none;
}

LockFile::~LockFile() {
    // Somebody may have taken over in the belief that we are dead.
    if (read_all(path_) == content_) ::unlink(path_.c_str());
}

}  // namespace stemma
