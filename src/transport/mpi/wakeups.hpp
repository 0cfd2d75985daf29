#pragma once
// How ranks of a host wake each other.

#include <boost/mpi/communicator.hpp>
#include <cstddef>
#include <memory>
#include <vector>

#include "transport/shared_wakeup.hpp"
#include "transport/wakeup.hpp"

namespace stemma {

class Wakeups {
public:
    /// Collective over the communicator.
    explicit Wakeups(const boost::mpi::communicator& communicator);
    Wakeups(const Wakeups&) = delete;
    Wakeups& operator=(const Wakeups&) = delete;

    Wakeup& own() { return own_; }
    /// Wakes the rank, if it can be reached.
    void wake(int rank) {
        const auto& word = words_[static_cast<std::size_t>(rank)];
        if (word) stemma::wake(*word);
    }
    /// True if each other rank can be reached. Ranks see each other alike.
    bool all_wake() const { return all_wake_; }

private:
    SharedWakeup shared_;
    Wakeup own_;
    std::vector<std::shared_ptr<WakeupWord>> words_;  ///< by rank; null: cannot be reached, or this rank
    bool all_wake_ = false;
};

}  // namespace stemma
