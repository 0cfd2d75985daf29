#include "scheduler/halving.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"

namespace stemma {

HalvingBracket::HalvingBracket(int number, std::uint64_t members, std::vector<Resource> resources, std::int64_t eta)
    : number_(number), size_(members), resources_(std::move(resources)), eta_(eta) {
    for (std::size_t k = 0; k < resources_.size(); ++k) rows_.push_back({number_, static_cast<int>(k), resources_[k], 0, 0, 0});
}

std::optional<MemberId> HalvingBracket::next() {
    if (queue_.empty()) return std::nullopt;
    const auto member = queue_.back();
    queue_.pop_back();
    ++running_;
    ++rows_[level_].entered;
    return member;
}

void HalvingBracket::born(MemberId) {
    ++born_;
    ++running_;
    ++rows_[0].entered;
}

void HalvingBracket::close(Actions& out) {
    if (level_ > 0 || done_) return;
    size_ = born_;
    settle(out);
}

void HalvingBracket::reported(MemberId member, double objective, Actions& out) {
    --running_;
    ++rows_[level_].finished;
    if (std::isfinite(objective)) {
        finished_.push_back({objective, member});
        out.push_back(Keep{member, static_cast<double>(level_) + 0.5 - std::atan(objective) / 4, false});
    } else {
        out.push_back(Release{member});
    }
    settle(out);
}

void HalvingBracket::given_up(MemberId member, Actions& out) {
    // A member that waits (in the queue, or finished in this rung) just leaves; one that trains is no longer waited for.
    if (std::erase(queue_, member) > 0) return settle(out);
    if (std::erase_if(finished_, [&](const auto& item) { return item.member == member; }) > 0) return;
    if (done_) return;
    --running_;
    settle(out);
}

void HalvingBracket::settle(Actions& out) {
    if (done_ || running_ > 0 || !queue_.empty() || wants_birth()) return;
    std::sort(finished_.begin(), finished_.end());
    // floor(n / eta^(k+1)) of the n that the bracket began with, filled from those that finished: dropped members make the
    // choice poorer, not the next rung smaller, as long as enough are left.
    std::uint64_t places = size_;
    for (std::size_t k = 0; k <= level_; ++k) places /= static_cast<std::uint64_t>(eta_);
    const bool last = level_ + 1 == resources_.size();
    const auto chosen = last ? 0 : std::min<std::size_t>(places, finished_.size());
    for (std::size_t i = chosen; i < finished_.size() && !last; ++i) out.push_back(Release{finished_[i].member});
    if (chosen == 0) {
        done_ = true;
        return;
    }
    rows_[level_].promoted = chosen;
    for (std::size_t i = chosen; i-- > 0;) {
        queue_.push_back(finished_[i].member);
        out.push_back(Keep{finished_[i].member, static_cast<double>(level_) + 1, true});
    }
    finished_.clear();
    ++level_;
}

std::vector<RungRow> HalvingBracket::rows() const { return rows_; }

}  // namespace stemma
