#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace stemma {

/// Finite objectives of a population's slots, best first. Ties go to the lower slot. A sorted array: a search is O(log
/// n), an insertion moves up to 16 n bytes. For populations (not members) that costs less than a tree's cache misses.
class Ranking {
public:
    void insert(double objective, std::uint32_t slot) {
        const Entry entry{objective, slot};
        entries_.insert(std::lower_bound(entries_.begin(), entries_.end(), entry), entry);
    }
    void erase(double objective, std::uint32_t slot) { entries_.erase(find(objective, slot)); }
    /// 0 = best.
    std::size_t rank(double objective, std::uint32_t slot) const {
        return static_cast<std::size_t>(find(objective, slot) - entries_.begin());
    }
    std::uint32_t slot_at(std::size_t rank) const { return entries_[rank].second; }
    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    std::size_t memory_bytes() const { return entries_.capacity() * sizeof(Entry); }

private:
    using Entry = std::pair<double, std::uint32_t>;
    std::vector<Entry>::const_iterator find(double objective, std::uint32_t slot) const {
        const auto found = std::lower_bound(entries_.begin(), entries_.end(), Entry{objective, slot});
        ensure(found != entries_.end() && found->second == slot, "what is ranked is found");
        return found;
    }
    std::vector<Entry> entries_;
};

}  // namespace stemma
