#pragma once
#include <chrono>

namespace stemma {

/// Seconds of the run: continues where the incarnation before ended; time between incarnations does not count.
class RunClock {
public:
    explicit RunClock(double already = 0) : already_(already), start_(std::chrono::steady_clock::now()) {}
    double now() const {
        return already_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    double already_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace stemma
