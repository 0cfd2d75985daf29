#pragma once
#include "transport/backoff.hpp"
#include "transport/endpoint.hpp"

namespace stemma {

/// How the owner of an endpoint waits for the next arrival, or for another thread.
class Waiting {
public:
    explicit Waiting(Endpoint& endpoint) : endpoint_(endpoint) {}

    /// Something has happened.
    void active() { backoff_.active(); }

    /// Call when a poll found nothing. `training`: this rank is busy, and its training thread ends the wait.
    void wait(bool training = false) {
        const auto sleep = backoff_.next_sleep(awaited(training));
        if (sleep.count() > 0 && endpoint_.wakeup().wait(sleep)) backoff_.active();
    }

private:
    Awaited awaited(bool training) const {
        if (endpoint_.moving()) return Awaited::transfer;
        if (!endpoint_.idle()) return Awaited::answer;  // a long message needs polls at both ends
        if (training) return Awaited::nothing;
        return endpoint_.all_wake() ? Awaited::wakeup : Awaited::answer;
    }

    Endpoint& endpoint_;
    IdleBackoff backoff_;
};

}  // namespace stemma
