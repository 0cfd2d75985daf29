#pragma once
// Models are fitted beside rank 0's loop, which never waits for them. A finished fit is one more input.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "manager/input.hpp"
#include "sampler/sampler.hpp"

namespace stemma {

/// Runs the fit in the calling thread, and measures its time if that is what is wanted. A fit that throws counts as
/// failed: no model.
input::ModelFitted run_fit(const WantedFit& wanted);

/// One thread, started with the first fit. The destructor waits for the running fit and drops the others: a resumed
/// search wants them again.
class FitThread {
public:
    FitThread() = default;
    ~FitThread();
    FitThread(const FitThread&) = delete;
    FitThread& operator=(const FitThread&) = delete;

    /// Begins the fits that are new. Numbers ascend. Cheap if there are none.
    void take(std::span<const WantedFit> wanted);
    /// A finished fit, oldest first.
    std::optional<input::ModelFitted> poll();

private:
    void work();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<WantedFit> queue_;          ///< guarded by mutex_
    std::deque<input::ModelFitted> done_;  ///< guarded by mutex_
    bool stop_ = false;                    ///< guarded by mutex_
    std::uint64_t next_ = 0;               ///< lowest number not taken yet; the loop's own
    std::size_t under_way_ = 0;            ///< taken and not polled; the loop's own
    std::thread thread_;
};

}  // namespace stemma
