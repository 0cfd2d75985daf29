#include "platform/start_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/attentive_clock.hpp"

namespace stemma {

StartWatch::StartWatch(double seconds, std::function<void()> late)
    : thread_([this, seconds, late = std::move(late)] {
          AttentiveClock clock;
          std::unique_lock lock(mutex_);
          for (double left = seconds; left > 0; left = seconds - clock.now()) {
              const auto look =
                  std::chrono::duration<double>(std::min(left, AttentiveClock::longest_pause_default / 2));
              if (changed_.wait_for(lock, look, [this] { return done_; })) return;
          }
          lock.unlock();
          late();
      }) {}

StartWatch::~StartWatch() {
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

}  // namespace stemma
