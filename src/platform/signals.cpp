#include "platform/signals.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <atomic>
#include <cerrno>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::array caught{SIGINT, SIGTERM, SIGUSR1};

// A signal handler can reach nothing but objects of static storage; SignalWatch is their only user.
std::atomic<Interruption> level{Interruption::none};
std::atomic<int> last{0};
std::atomic<int> write_end{-1};  // -1: nobody watches
std::array<struct sigaction, caught.size()> former;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<Interruption>::is_always_lock_free,
              "signal handlers need lock-free flags");

extern "C" void stemma_on_signal(int number) {
    const int saved = errno;
    auto before = Interruption::none;
    if (!level.compare_exchange_strong(before, Interruption::graceful) && number != SIGUSR1) level = Interruption::now;
    last.store(number);
    const char byte = 1;
    // A full pipe is as readable as it can get: nothing to do about EAGAIN.
    if (const auto written = ::write(write_end.load(), &byte, 1); written < 0) errno = saved;
    errno = saved;
}

}  // namespace

SignalWatch::SignalWatch() {
    ensure(write_end.load() < 0, "only one SignalWatch at a time");
    std::array<int, 2> ends{};
    ensure(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0, "a pipe for signals");
    read_end_ = ends[0];
    level = Interruption::none;
    last = 0;
    write_end = ends[1];
    struct sigaction action {};
    action.sa_handler = stemma_on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < caught.size(); ++i) {
        ensure(::sigaction(caught[i], &action, &former[i]) == 0, "a signal handler can be set");
    }
}

SignalWatch::~SignalWatch() {
    for (std::size_t i = 0; i < caught.size(); ++i) ::sigaction(caught[i], &former[i], nullptr);
    ::close(write_end.exchange(-1));
    ::close(read_end_);
}

Interruption SignalWatch::asked() const { return level.load(); }

int SignalWatch::last_signal() const { return last.load(); }

int SignalWatch::descriptor() const { return read_end_; }

}  // namespace stemma
