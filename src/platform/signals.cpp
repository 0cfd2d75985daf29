#include "platform/signals.hpp"

#include <csignal>

#include <array>
#include <atomic>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::array caught{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGHUP};

/// A process that was started with SIGHUP (nohup) or a warning ignored keeps ignoring it: the user asked for that.
/// Ignored interrupts are no such request, because shells ignore them for every job in the background.
bool stays_ignored(int number) { return number == SIGHUP || number == SIGUSR2 || number == SIGXCPU; }

// A signal handler can reach only objects of static storage. SignalWatch is their only user.
std::atomic<Interruption> level{Interruption::none};
std::atomic<bool> warned{false};
std::atomic<bool> watched{false};
std::array<struct sigaction, caught.size()> former;
static_assert(std::atomic<Interruption>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "signal handlers need lock-free flags");

extern "C" void stemma_on_signal(int number) {
    if (number == SIGUSR1) {
        warned = true;
        return;
    }
    auto before = Interruption::none;
    const bool urgent = number == SIGINT || number == SIGTERM;  // batch systems repeat the other signals
    if (!level.compare_exchange_strong(before, Interruption::graceful) && urgent) level = Interruption::now;
}

}  // namespace

void survive_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

SignalWatch::SignalWatch() {
    ensure(!watched.exchange(true), "only one SignalWatch at a time");
    level = Interruption::none;
    warned = false;
    struct sigaction action {};
    action.sa_handler = stemma_on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < caught.size(); ++i) {
        ensure(::sigaction(caught[i], &action, &former[i]) == 0, "a signal handler can be set");
        if (stays_ignored(caught[i]) && former[i].sa_handler == SIG_IGN) ::sigaction(caught[i], &former[i], nullptr);
    }
}

SignalWatch::~SignalWatch() {
    for (std::size_t i = 0; i < caught.size(); ++i) ::sigaction(caught[i], &former[i], nullptr);
    watched = false;
}

Interruption SignalWatch::asked() const { return level.load(); }

bool SignalWatch::take_warning() { return warned.exchange(false); }

void SignalWatch::heed_warning() {
    auto before = Interruption::none;
    level.compare_exchange_strong(before, Interruption::graceful);
}

}  // namespace stemma
