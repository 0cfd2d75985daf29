#include "record/hdf5/lock_holder.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace stemma::record {

namespace {

std::string this_host() {
    std::array<char, 256> buffer{};
    if (::gethostname(buffer.data(), buffer.size() - 1) != 0 || buffer.front() == '\0') return "unknown";
    std::string name = buffer.data();
    std::replace(name.begin(), name.end(), ' ', '_');  // blanks separate the fields
    return name;
}

struct ProcessStat {
    std::string state;  ///< "Z": ended, but no process has waited for it; "" if it cannot be read
    std::string start;  ///< clock ticks since boot
};

/// Fields 3 and 22 of /proc/PID/stat.
ProcessStat stat_of(long pid) {
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    std::string text;
    ProcessStat stat;
    if (!std::getline(in, text)) return stat;
    // The program's name stands in parentheses and may hold any character.
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    fields >> stat.state;
    for (int number = 4; number <= 22; ++number) fields >> stat.start;
    return stat;
}

bool runs(const LockHolder& holder) {
    if (::kill(static_cast<pid_t>(holder.pid), 0) != 0 && errno == ESRCH) return false;
    const auto stat = stat_of(holder.pid);
    // A zombie writes no more. If no process waits for orphans, as in many containers, it stays for ever.
    if (stat.state == "Z") return false;
    return stat.start.empty() || stat.start == holder.start;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string without_dash(const std::string& text) { return text == "-" ? "" : text; }

}  // namespace

LockHolder lock_holder_of_this_process(BatchStart start) {
    const long pid = ::getpid();
    std::error_code ignored;
    const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
    return {this_host(), pid, stat_of(pid).start, std::move(start.job), start.restarts, space};
}

std::string text_of(const LockHolder& holder) {
    return fmt::format("{} {} {} {} {} {}\n", holder.host, holder.pid, or_dash(holder.start), or_dash(holder.job),
                       holder.restarts, or_dash(holder.pid_namespace));
}

std::optional<LockHolder> parse_lock_holder(const std::string& text) {
    std::istringstream in(text);
    LockHolder holder;
    if (!(in >> holder.host >> holder.pid >> holder.start >> holder.job)) return std::nullopt;
    holder.job = without_dash(holder.job);
    if (in >> holder.restarts >> holder.pid_namespace) holder.pid_namespace = without_dash(holder.pid_namespace);
    return holder;
}

std::string why_gone(const LockHolder& holder, const LockHolder& self, Flock flock) {
    constexpr auto ended = "which no longer runs";
    if (holder.host != self.host) {
        // Processes of another host cannot be checked. But the batch system ends a start of a job before it begins the
        // next. Two steps of one start may run at the same time.
        const bool later = !self.job.empty() && holder.job == self.job && self.restarts > holder.restarts;
        return later ? "which belonged to an earlier start of the same batch job" : "";
    }
    if (flock == Flock::others) return "";
    // The process id means nothing in this namespace. The kernel's lock decides.
    const bool other_numbers = !holder.pid_namespace.empty() && holder.pid_namespace != self.pid_namespace;
    if (other_numbers) return flock == Flock::ours ? ended : "";
    return runs(holder) ? "" : ended;
}

}  // namespace stemma::record
