#pragma once
// What a rank sleeps on. Other threads and the other ranks of the host wake it. So a rank that has nothing to do takes
// no processor time. It still answers as soon as the kernel runs it.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace stemma {

/// What the sleeper and those who wake it share. It may lie in memory that processes share.
struct WakeupWord {
    std::atomic<std::uint32_t> calls{0};     ///< wraps around
    std::atomic<std::uint32_t> sleeping{0};  ///< 1: a call has to wake the owner
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "processes share it");

/// For any thread and process. A few nanoseconds if the owner is awake, else a system call.
void wake(WakeupWord& word);

class Wakeup {
public:
    Wakeup() : Wakeup(std::make_shared<WakeupWord>()) {}
    explicit Wakeup(std::shared_ptr<WakeupWord> word) : word_(std::move(word)), heard_(word_->calls.load()) {}

    /// For any thread.
    void wake() { stemma::wake(*word_); }
    /// For the owner's thread. Returns after `longest` at the latest; at once if wake() was called since the last wait.
    /// True: it was called.
    bool wait(std::chrono::microseconds longest);

private:
    std::shared_ptr<WakeupWord> word_;
    std::uint32_t heard_;
};

}  // namespace stemma
