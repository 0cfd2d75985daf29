#pragma once
#include <span>
#include <vector>

#include "record/journal.hpp"

namespace stemma::record {

/// Keeps every entry in memory: for tests, and for the simulator's kills and resumes.
class MemoryJournal : public Journal {
public:
    void append(const Input& input, std::span<const Effect> effects) override {
        entries_.push_back({input, Effects(effects.begin(), effects.end())});
    }
    void commit() override { committed_ = entries_.size(); }
    std::function<void()> sync_work() override { return {}; }

    /// The entries that a reader would find after a kill.
    std::span<const Entry> committed() const { return std::span(entries_).first(committed_); }

private:
    std::vector<Entry> entries_;
    std::size_t committed_ = 0;
};

}  // namespace stemma::record
