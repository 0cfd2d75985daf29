#include "transport/wakeup.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace stemma {
namespace {

// Not FUTEX_PRIVATE_FLAG: the word may belong to several processes.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t seen, std::chrono::microseconds longest) {
    const timespec limit{.tv_sec = longest.count() / 1'000'000, .tv_nsec = longest.count() % 1'000'000 * 1000};
    ::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &limit, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word) { ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

}  // namespace

// Both sides are sequentially consistent: either the caller sees that the owner sleeps, or the owner sees the call.
void wake(WakeupWord& word) {
    word.calls.fetch_add(1);
    if (word.sleeping.load() != 0) futex_wake(word.calls);
}

bool Wakeup::wait(std::chrono::microseconds longest) {
    word_->sleeping.store(1);
    if (word_->calls.load() == heard_) futex_wait(word_->calls, heard_, longest);
    word_->sleeping.store(0);
    const auto calls = word_->calls.load();
    return std::exchange(heard_, calls) != calls;
}

}  // namespace stemma
