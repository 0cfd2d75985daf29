#pragma once
// Which simulated worker really has which snapshot in memory. (The manager's table may be wrong.)

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "core/ids.hpp"

namespace stemma {

/// Flat for the usual single copy, 4 bytes for each lease; further copies in a set.
class SnapshotPlaces {
public:
    bool has(SnapshotId snapshot, std::uint32_t worker) const {
        return (snapshot.value < first_.size() && first_[snapshot.value] == worker) ||
               (!others_.empty() && others_.contains({snapshot.value, worker}));
    }
    void add(SnapshotId snapshot, std::uint32_t worker) {
        if (snapshot.value >= first_.size()) first_.resize(snapshot.value + 1, nobody);
        if (first_[snapshot.value] == nobody) {
            first_[snapshot.value] = worker;
        } else if (first_[snapshot.value] != worker) {
            others_.insert({snapshot.value, worker});
        }
    }
    void remove(SnapshotId snapshot, std::uint32_t worker) {
        if (snapshot.value < first_.size() && first_[snapshot.value] == worker) {
            first_[snapshot.value] = nobody;
        } else {
            others_.erase({snapshot.value, worker});
        }
    }
    std::size_t memory_bytes() const { return first_.capacity() * sizeof(std::uint32_t) + others_.size() * 64; }

private:
    static constexpr std::uint32_t nobody = 0;  // slot 0 is the manager
    std::vector<std::uint32_t> first_;
    std::set<std::pair<std::uint64_t, std::uint32_t>> others_;
};

}  // namespace stemma
