#include "platform/late_launcher.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>

namespace stemma {
namespace {

constexpr std::array<std::string_view, 4> launchers{"mpirun", "mpiexec", "orterun", "prterun"};

// ---- after a fork of a process with threads: only what POSIX allows in a signal handler -----

/// Whether the process ended within that time. Its number is not given to another process meanwhile: that takes as many
/// new processes as there are numbers.
bool ends(pid_t process, long seconds) {
    for (long i = 0; i < seconds; ++i) {
        if (::kill(process, 0) != 0) return true;
        timespec second{1, 0};
        ::nanosleep(&second, nullptr);
    }
    return ::kill(process, 0) != 0;
}

[[noreturn]] void watch(pid_t process, long patience, int descriptors) {
    // mpirun waits until no process holds the pipes that it gave to its rank.
    for (int descriptor = 0; descriptor < descriptors; ++descriptor) ::close(descriptor);
    // mpirun stops the process group of a rank that has ended.
    ::setsid();
    if (!ends(process, patience)) ::kill(process, SIGTERM);
    if (!ends(process, patience)) ::kill(process, SIGKILL);
    ::_exit(0);
}

}  // namespace

void end_late_process(pid_t process, std::chrono::seconds patience) {
    const long limit = ::sysconf(_SC_OPEN_MAX);  // -1: none
    const auto descriptors = static_cast<int>(limit < 0 ? 65536L : std::min(limit, 65536L));
    const auto child = ::fork();
    if (child == 0) {
        // A grandchild belongs to no process that could wait for it.
        if (::fork() == 0) watch(process, patience.count(), descriptors);
        ::_exit(0);
    }
    if (child > 0) ::waitpid(child, nullptr, 0);
}

void end_late_launcher(std::chrono::seconds patience) {
    const auto parent = ::getppid();
    std::ifstream file("/proc/" + std::to_string(parent) + "/comm");
    std::string name;
    std::getline(file, name);
    if (std::ranges::find(launchers, name) != launchers.end()) end_late_process(parent, patience);
}

}  // namespace stemma
